"""The famous networks side by side, in their original form: counted from the networks themselves."""

from __future__ import annotations

from functools import cache

import pandas as pd

from cnnproj.anatomy.anatomy import Anatomy, sketch
from cnnproj.anatomy.published import PUBLISHED
from cnnproj.models import Architecture, architectures
from cnnproj.progress import Progress
from cnnproj.words import say

ORIGINAL = {"form": "original"}


def famous() -> dict[str, Architecture]:
    """The architectures of which something was published, by name, in the order of the lectures' story."""
    known = architectures()
    return {name: known[name] for name in PUBLISHED if name in known}


def originals() -> dict[str, Anatomy]:
    """What the original form of each of the famous networks is made of, by name; built without any weights."""
    networks = famous()
    found = {}
    with Progress(say("anatomy.counting"), len(networks)) as progress:
        for name in networks:
            found[name] = original(name)
            progress.advance()
    return found


@cache
def original(name: str) -> Anatomy:
    """What the original form of ``name`` is made of, for the images and classes that it was made for."""
    network, known = famous()[name], PUBLISHED[name]
    return sketch(network, known.shape, known.classes, {**network.defaults, **ORIGINAL})


def comparison(anatomies: dict[str, Anatomy]) -> pd.DataFrame:
    """A row a network: what was published of it, and what ``anatomies``, by name, say of its original form.

    The columns: ``network``, ``year``, ``layers`` (with weights, on the main path), ``input``, ``kernels``,
    ``pooling``, ``activation``, ``normalisation``, ``trainable`` (parameters, as papers count them), ``multiply_adds``
    (for one image), ``top5_error`` (percent, of one network), ``measured`` (how the error was) and ``source``.
    """
    rows = []
    for name, anatomy in anatomies.items():
        known = PUBLISHED[name]
        rows.append(
            {
                "network": name,
                "year": known.year,
                "layers": anatomy.depth,
                "input": "×".join(map(str, anatomy.shape)),
                "kernels": ", ".join(anatomy.kernels),
                "pooling": ", ".join(anatomy.pooling),
                "activation": ", ".join(anatomy.activations),
                "normalisation": ", ".join(anatomy.normalisation),
                "trainable": anatomy.trainable,
                "multiply_adds": anatomy.multiply_adds,
                "top5_error": known.top5_error,
                "measured": say(f"anatomy.how.{known.how}") if known.how else "",
                "source": known.source,
            }
        )
    return pd.DataFrame(rows)


def notes(anatomies: dict[str, Anatomy]) -> list[str]:
    """What is often said of these networks and is not so, with the right figure, a sentence or two each."""
    said = []
    if (lenet := anatomies.get("lenet5")) is not None:
        said.append(say("anatomy.note.lenet", activation=", ".join(lenet.activations)))
    if "alexnet" in anatomies:
        said.append(say("anatomy.note.alexnet", alone=PUBLISHED["alexnet"].top5_error))
    if "vgg16" in anatomies:
        said.append(say("anatomy.note.vgg", year=PUBLISHED["vgg16"].year))
    if (googlenet := anatomies.get("googlenet")) is not None:
        kinds = ", ".join(googlenet.normalisation) or "–"
        said.append(say("anatomy.note.googlenet", parameters=googlenet.trainable, normalisation=kinds))
    depths = {name: anatomy.depth for name, anatomy in anatomies.items() if name.startswith("resnet")}
    if depths:
        said.append(say("anatomy.note.resnet", alone=PUBLISHED["resnet152"].top5_error))
        said.append(say("anatomy.note.resnet_depths", depths=", ".join(map(str, sorted(depths.values())))))
    return said
