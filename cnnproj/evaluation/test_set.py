"""The one door to the test part: whoever goes through it is entered in the ledger of ``run.json`` first."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Literal, Protocol, TypeVar

from cnnproj.run import Run, TestOpening, now

P = TypeVar("P", bound=Sized, covariant=True)


class Divided(Protocol[P]):
    """Images in their parts: ``Images``, or ``MaskedImages``."""

    def _part(self, name: str) -> P: ...


def open_test(
    run: Run, images: Divided[P], purpose: Literal["evaluation", "interpretation"], weights: Mapping[str, str]
) -> P:
    """The test part of ``images``, after entering the opening.

    Args:
        run: whose ledger it is entered in.
        images: of the run.
        purpose: what it is opened for.
        weights: the digest of the weights of each model that will see it: they are fixed by now.
    """
    part = images._part("test")
    run.open_test(TestOpening(time=now(), purpose=purpose, n=len(part), models=dict(weights)))
    return part
