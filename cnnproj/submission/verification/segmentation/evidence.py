"""What the checks of a segmentation share: images with masks, and networks that answer for each pixel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cnnproj.data.images import Part
from cnnproj.segmentation.images import MASKS, PIXEL_CLASSES, MaskedImages, MaskedPart
from cnnproj.segmentation.scores import IGNORED, Counts, count
from cnnproj.selection import DICE, Goal
from cnnproj.submission.finding import Unchecked
from cnnproj.submission.verification.evidence import Evidence, batches

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Answers:
    """What a network makes of a part; not the probabilities themselves, of which there are too many.

    Attributes:
        masks: the most probable class of each pixel, uint8, (n, height, width).
        margins: by how much it is more probable than the second, float16, likewise.
    """

    masks: np.ndarray
    margins: np.ndarray


class SegmentationEvidence(Evidence):
    """See ``Evidence``; ``answers`` are ``Answers`` here, and ``claimed`` gives masks."""

    goal: ClassVar[Goal] = DICE
    explained: ClassVar[str] = "interpretation/known.json"

    @property
    def explained_model(self) -> str:
        """See ``Evidence.explained_model``."""
        return self.submission.known.model

    @property
    def claimed_scores(self) -> Mapping[str, tuple[float, tuple[float | None, float | None], int]]:
        """See ``Evidence.claimed_scores``."""
        scores = self.submission.manifest.dice
        return {model: (score.dice, (score.low, score.high), score.n) for model, score in scores.items()}

    # The images -----------------------------------------------------------------------------------------------------

    @property
    def classes_found(self) -> tuple[str, ...]:
        """The classes that the masks of the assistant's copy have; where there is no copy, what the submission says."""
        if self.copy is None:
            return self.submission.classes
        return tuple(json.loads((self.copy.audit.folder / PIXEL_CLASSES).read_text(encoding="utf-8")))

    def _keep_packed(self, folder: Path, own: np.ndarray, rows: np.ndarray) -> None:
        """Their masks: the assistant's where the images are, else the packed ones."""
        packed = self.submission.test_masks
        if packed is None:
            raise Unchecked("verification.unchecked.no_masks")
        if len(packed) != len(own):
            came = "×".join(str(side) for side in packed.shape)
            raise Unchecked("verification.unchecked.packed_shape", came=came, n=len(own))
        masks = packed.copy()
        if self.copy is not None:
            masks[own] = np.load(self.copy.audit.folder / MASKS, mmap_mode="r")[rows[own]]
        np.save(folder / MASKS, masks)

    @cached_property
    def images(self) -> MaskedImages:
        """See ``Evidence.images``; the masks are those of the store that is used."""
        images = self._images
        return MaskedImages(images, self.submission.classes, images.audit.folder)

    @cached_property
    def truth(self) -> np.ndarray:
        """The true class of each pixel of the test part, or ``IGNORED``, uint8, (n, height, width).

        Raises:
            Unchecked: where they are not known.
        """
        part: MaskedPart = self.part("test")
        truth = part.truth()
        if truth[truth != IGNORED].max(initial=0) >= len(self.submission.classes):
            raise Unchecked("verification.unchecked.other_mask_classes")
        return truth

    # What the networks say ------------------------------------------------------------------------------------------

    def counts(self, masks: np.ndarray) -> Counts:
        """How many pixels of the test part are right, if ``masks``, (n, height, width), are what was predicted."""
        return count(self.truth, masks, len(self.submission.classes))

    def _asked(self, network: keras.Model, part: Part) -> Any:
        from cnnproj.segmentation.inference import BATCH

        masks, margins = [], []
        for _, given in batches(network, part, BATCH):
            top = np.partition(given, -2, axis=-1)[..., -2:]
            masks.append(given.argmax(axis=-1).astype(np.uint8))
            margins.append((top[..., 1] - top[..., 0]).astype(np.float16))
        return Answers(np.concatenate(masks), np.concatenate(margins))

    def claimed(self, model: str) -> np.ndarray:
        """The masks that ``model`` is said to have given the test images, uint8, (n, height, width)."""
        return self.submission.predicted(model)
