"""Grading: submissions examined in confined processes, marked by a rubric, compared, written up."""
