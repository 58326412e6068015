"""The two forms of a network of the lectures: as its paper has it, and scaled to the small images of a course."""

from __future__ import annotations

from cnnproj.errors import CnnprojError

SMALL, ORIGINAL = FORMS = ("small", "original")
HALVED_FROM = 64  # pixels: from here on the stem of the small form halves the image, as that of the original does twice


def is_original(network: str, form: str) -> bool:
    """Whether ``form`` of ``network`` is that of its paper.

    Raises:
        CnnprojError: where there is no such form.
    """
    if form not in FORMS:
        raise CnnprojError("networks.unknown_form", model=network, came=form, known=", ".join(FORMS))
    return form == ORIGINAL


def stem_strides(shape: tuple[int, int, int]) -> int:
    """The steps of the first convolution of the small form: 1 pixel, and 2 where images have 64 pixels or more."""
    return 2 if min(shape[:2]) >= HALVED_FROM else 1
