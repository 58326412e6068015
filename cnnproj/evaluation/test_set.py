"""The one door to the test part: whoever goes through it is entered in the ledger of ``run.json`` first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cnnproj.data.images import Images, Part
from cnnproj.run import Run, TestOpening, now


def open_test(
    run: Run, images: Images, purpose: Literal["evaluation", "interpretation"], weights: Mapping[str, str]
) -> Part:
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
