"""Scores on the test part, and the only door to it."""
