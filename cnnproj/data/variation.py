"""All that is done to the images of one batch: moved, made brighter or darker, and varied further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnproj.data.extras import Drawn, Extras
from cnnproj.data.light import brighten, scale_of, shift_channels
from cnnproj.data.transforms import Parameters, matrices, with_flips
from cnnproj.data.warp import Warp, in_chunks


class Variation:
    """What was drawn for the images of a batch, ready to be applied to them.

    Args:
        warp: how they are resampled.
        extras: which further variations there are.
        parameters: of n images.
        drawn: n times what ``extras`` has drawn, or ``None`` where there are none.
        shape: height and width of the images.
    """

    def __init__(
        self, warp: Warp, extras: Extras, parameters: Parameters, drawn: Sequence[Drawn] | None, shape: tuple[int, int]
    ) -> None:
        self.warp, self.extras, self.parameters, self.drawn, self.shape = warp, extras, parameters, drawn, shape
        self.warps = parameters.warps
        crops = drawn is not None and extras.random_crop > 0
        if crops:
            self.warps = np.ones_like(self.warps)
        self.any_warps, self.all_warp = bool(self.warps.any()), bool(self.warps.all())
        if self.any_warps:
            self.matrices = matrices(parameters, shape)
            if drawn is not None and crops:
                self.matrices = self.matrices @ extras.crop(drawn, shape)
            if warp.takes_flips:
                self.matrices = with_flips(self.matrices, parameters, shape)
        self.changes_values = parameters.channel_shift is not None or parameters.brightness is not None
        self.changes_values |= drawn is not None and extras.changes_values

    def apply(self, images: Sequence[np.ndarray], out: np.ndarray, factor: float, threads: int) -> None:
        """Vary ``images`` into ``out`` and multiply them by ``factor``.

        Images of uint8 stay uint8 as long as only their pixels move, which is quickest; where brightness follows, which
        cuts values off, they are moved in single precision.

        Args:
            images: n arrays, (height, width, channels); they are not changed.
            out: floats, (n, height, width, channels); written.
            factor: of all values.
            threads: how many work at it.
        """
        uint8 = images[0].dtype == np.uint8 and not (self.any_warps and self._must_be_float(images[0]))

        def work(chunk: slice) -> None:
            target = out[chunk]
            moved = np.empty(target.shape, np.uint8) if uint8 else target
            self._move(images[chunk], moved, chunk)
            if self.changes_values:
                target[...] = moved
                for place, image in enumerate(images[chunk], chunk.start):
                    out[place] = self._change_values(out[place], image, place)
                moved = target
            if factor != 1 or moved is not target:
                np.multiply(moved, factor, out=target, dtype=target.dtype)

        in_chunks(work, len(images), images[0].size, threads)

    def of_masks(self) -> Variation:
        """The same geometry for masks: each pixel takes a value that was there, never one in between; 0 outside."""
        warp, extras = Warp(self.warp.fill_mode, 0, 0), Extras(random_crop=self.extras.random_crop)
        parameters = replace(self.parameters, channel_shift=None, brightness=None)
        return Variation(warp, extras, parameters, self.drawn, self.shape)

    def move(self, images: Sequence[np.ndarray], out: np.ndarray, threads: int) -> None:
        """Move the pixels of ``images`` into ``out``, of the same dtype, and change no value."""
        in_chunks(lambda chunk: self._move(images[chunk], out[chunk], chunk), len(images), images[0].size, threads)

    def apply_to_one(self, image: np.ndarray) -> np.ndarray:
        """The one image of the batch, varied; of its own dtype unless more than its pixels' places changes."""
        out = np.empty(image.shape, image.dtype)
        self._move([image], out[None], slice(0, 1))
        return self._change_values(out, image, 0)

    def _must_be_float(self, image: np.ndarray) -> bool:
        return self.parameters.brightness is not None or not self.warp.is_fast(image.dtype, image.shape[2])

    def _move(self, images: Sequence[np.ndarray], out: np.ndarray, chunk: slice) -> None:
        if images[0].dtype != out.dtype:
            images = [image.astype(out.dtype) for image in images]
        if self.all_warp:
            self.warp.batch(images, self.matrices[chunk], out)
        else:  # the stock class does not resample an image that stays in its place
            for place, warps in enumerate(self.warps[chunk]):
                one = slice(place, place + 1)
                if warps:
                    self.warp.batch(images[one], self.matrices[chunk][one], out[one])
                else:
                    out[place] = images[place]
        down, across = self.parameters.flip_vertical[chunk], self.parameters.flip_horizontal[chunk]
        if self.any_warps and self.warp.takes_flips:
            down, across = down & ~self.warps[chunk], across & ~self.warps[chunk]
        for place in np.flatnonzero(down | across).tolist():
            out[place] = out[place][:: -1 if down[place] else 1, :: -1 if across[place] else 1]

    def _change_values(self, image: np.ndarray, source: np.ndarray, place: int) -> np.ndarray:
        """``image``, which was made of ``source``, with its channels shifted, its brightness and more changed."""
        if not self.changes_values:
            return image
        scale = scale_of(source)
        if self.parameters.channel_shift is not None:
            image = shift_channels(image, float(self.parameters.channel_shift[place]))
        if self.parameters.brightness is not None:
            image = brighten(image, float(self.parameters.brightness[place]), scale)
        if self.drawn is not None and self.extras.changes_values:
            image = image.astype(np.result_type(image, np.float32) if image.dtype.kind == "f" else np.float32)
            self.extras.apply(image, self.drawn[place], scale=scale, cval=self.warp.cval)
        return image


def vary_one(
    warp: Warp, extras: Extras, image: np.ndarray, given: Mapping[str, object], drawn: Drawn | None
) -> np.ndarray:
    """``image``, (height, width, channels), varied by a dictionary as ``get_random_transform`` makes it."""
    parameters = Parameters.of_one(given)
    height, width = image.shape[:2]
    variation = Variation(warp, extras, parameters, None if drawn is None else [drawn], (height, width))
    return variation.apply_to_one(image)
