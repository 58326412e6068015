"""Submissions that mean harm, each made of an honest one; by name, with the sentence that must come of it."""

from . import arrays, networks, tables, texts, weights, zips  # noqa: F401 (each puts its own on the list)
from .networks import layer, own
from .register import CANARY, HOSTILE, OWN, Members, zipped

__all__ = ["CANARY", "HOSTILE", "OWN", "Members", "layer", "own", "zipped"]
