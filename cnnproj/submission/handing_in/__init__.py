"""Handing in: what is asked for, what is still missing, and one zip of the rest."""
