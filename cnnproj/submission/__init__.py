"""Handing in and grading: a finished run is packed with its evidence, and the evidence is checked without its code."""
