"""Verification: whether what a submission claims is so. Only ``retrain`` can train."""
