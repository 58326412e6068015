"""Varying the training images, with the names and the arithmetic of Keras' ``ImageDataGenerator``, but faster."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.keras.preprocessing.image import ImageDataGenerator as StockGenerator
from tensorflow.keras.preprocessing.image import NumpyArrayIterator, array_to_img

from cnnproj.data.extras import Extras
from cnnproj.data.transforms import draw, varies
from cnnproj.data.variation import Variation, vary_one
from cnnproj.data.warp import Warp

_GLOBAL: np.random.RandomState = np.random.mtrand._rand  # the stream of np.random.seed, from which Keras draws


class ImageDataGenerator(StockGenerator):  # type: ignore[misc]
    """Keras' ``ImageDataGenerator``: the same arguments, draws and images, made a batch at a time on all cores.

    With the same ``seed`` images differ from the stock class by at most 0.01 of 255 (float32; 0.5 for uint8 images,
    which are kept as uint8 until they are rescaled, also where they are memory-mapped). Where OpenCV has no equal
    (``fill_mode="wrap"``, ``interpolation_order`` above 1, other than 1, 3 or 4 channels, other dtypes), SciPy does
    what it does in the stock class. Three things differ on purpose:

    * ``subset="validation"`` is standardized but never varied;
    * ``brightness_range`` works on images of floats in [0, 1], told by an image's largest value being at most 1;
    * nothing warns.

    Two oddities of the stock class are kept, since seeds would else give other images: ``width_shift_range`` moves
    images up and down and ``height_shift_range`` sideways, and an image that is not square is not turned about its
    very centre. Where brightness follows a warp, the values are cut off to whole numbers, so that one within 0.01 of a
    whole number may come out a step apart.

    A ``preprocessing_function`` is called after each image is varied and before the next is drawn, as it may draw from
    the same stream; then images are made one by one.

    Args:
        *args: as the stock class has them.
        noise: standard deviation of Gaussian noise, of 255. This and the following act on images of 0–255, and in
            proportion on images of floats in [0, 1]; what they need is drawn after all the stock class draws.
        salt_and_pepper: share of the pixels that become black or white.
        cutout: the longest side of a hole as a share of the image's, filled with ``cval``.
        hue: degrees of the colour circle by which colours are turned at most; does nothing to gray images.
        saturation: share by which colours become paler or stronger at most; does nothing to gray images.
        contrast: share by which the contrast changes at most.
        random_crop: share of both sides that is cut off at most; the rest is resized to the whole.
        threads: how many work on a batch, by default one a core. Their number changes nothing in the images.
        **kwargs: as the stock class has them.

    Raises:
        ValueError: where an argument cannot be.
    """

    def __init__(
        self,
        *args: Any,
        noise: float = 0.0,
        salt_and_pepper: float = 0.0,
        cutout: float = 0.0,
        hue: float = 0.0,
        saturation: float = 0.0,
        contrast: float = 0.0,
        random_crop: float = 0.0,
        threads: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.extras = Extras(noise, salt_and_pepper, cutout, hue, saturation, contrast, random_crop)
        self.threads = threads or os.cpu_count() or 1

    # What the stock class offers --------------------------------------------------------------------------------------

    @wraps(StockGenerator.flow)
    def flow(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> NumpyArrayIterator:
        """Batches of the images ``x`` and their labels ``y``; uint8 arrays are read as they are needed."""
        given = signature(StockGenerator.flow).bind(self, x, y, *args, **kwargs)
        given.apply_defaults()
        options = {name: value for name, value in given.arguments.items() if name not in ("self", "x", "y")}
        return _ArrayBatches(self, x, y, **options)

    @wraps(StockGenerator.flow_from_directory)
    def flow_from_directory(self, *args: Any, **kwargs: Any) -> Any:
        """Batches of the images in a folder of class folders."""
        return _at_once(self, super().flow_from_directory(*args, **kwargs))

    @wraps(StockGenerator.flow_from_dataframe)
    def flow_from_dataframe(self, *args: Any, **kwargs: Any) -> Any:
        """Batches of the image files that a table names."""
        return _at_once(self, super().flow_from_dataframe(*args, **kwargs))

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """What is done to one image: the stock class's parameters, and ``extras`` where there are further ones."""
        drawn: dict[str, Any] = super().get_random_transform(img_shape, seed)
        if self.extras.used:
            drawn["extras"] = self.extras.draw(1, _GLOBAL)[0]
        return drawn

    def apply_transform(self, x: np.ndarray, transform_parameters: Mapping[str, Any]) -> np.ndarray:
        """The image ``x``, varied by what ``get_random_transform`` gave; it is not changed itself."""
        image = x if self._channels_last else np.moveaxis(x, 0, -1)
        varied = vary_one(self._warp, self.extras, image, transform_parameters, transform_parameters.get("extras"))
        return varied if self._channels_last else np.moveaxis(varied, -1, 0)

    # A batch at a time ------------------------------------------------------------------------------------------------

    def make_batch(self, images: Sequence[np.ndarray], *, vary: bool = True) -> np.ndarray:
        """The images of a batch, varied with draws from NumPy's global stream, and standardized.

        Args:
            images: n arrays of one shape and one dtype; they are not changed.
            vary: or only standardize them.

        Returns:
            (n, …) of the generator's ``dtype``.
        """
        if self.preprocessing_function and vary:
            return self._one_by_one(images)
        plain = not (self.preprocessing_function or self.samplewise_center or self.featurewise_center)
        plain &= not (self.samplewise_std_normalization or self.featurewise_std_normalization or self.zca_whitening)
        factor = self.rescale if plain and self.rescale else 1
        batch = self.vary(images, _GLOBAL, factor) if vary else np.multiply(images, factor, dtype=self.dtype)
        if not plain:
            for place, image in enumerate(batch):
                batch[place] = self.standardize(image)
        return batch

    def vary(self, images: Sequence[np.ndarray], stream: np.random.RandomState, factor: float = 1) -> np.ndarray:
        """The images of a batch, varied and then multiplied by ``factor``.

        Args:
            images: n arrays of one shape and one dtype; they are not changed.
            stream: what is drawn from, as much for the same arguments whatever the images hold.
            factor: of the values, in the end.

        Returns:
            (n, …) of the generator's ``dtype``.
        """
        batch = np.empty((len(images), *images[0].shape), self.dtype)
        out = batch
        if not self._channels_last:
            images, out = [np.moveaxis(image, 0, -1) for image in images], np.moveaxis(batch, 1, -1)
        self.variation(out.shape[1:3], len(images), stream).apply(images, out, factor, self.threads)
        return batch

    def variation(self, shape: tuple[int, int], n: int, stream: np.random.RandomState) -> Variation:
        """What is drawn from ``stream`` for ``n`` images of ``shape`` (height, width), ready to be applied."""
        parameters = draw(self, shape, n, stream)
        drawn = self.extras.draw(n, stream) if self.extras.used else None
        return Variation(self._warp, self.extras, parameters, drawn, shape)

    def _one_by_one(self, images: Sequence[np.ndarray]) -> np.ndarray:
        batch = np.empty((len(images), *images[0].shape), self.dtype)
        for place, image in enumerate(images):
            drawn = self.get_random_transform(image.shape)
            batch[place] = self.standardize(self.apply_transform(image.astype(self.dtype), drawn))
        return batch

    @property
    def _warp(self) -> Warp:
        return Warp(self.fill_mode, self.cval, self.interpolation_order)

    @property
    def _channels_last(self) -> bool:
        return bool(self.data_format == "channels_last")


class _ArrayBatches(NumpyArrayIterator):  # type: ignore[misc]
    """What ``flow`` gives: the stock iterator, which leaves uint8 arrays as they are and makes whole batches.

    Args:
        generator: makes the batches.
        x: the images, (n, height, width, channels), or a pair of them and of whatever else goes with them.
        y: their labels.
        **options: of ``flow``.
    """

    def __init__(self, generator: ImageDataGenerator, x: Any, y: Any, **options: Any) -> None:
        images = x[0] if isinstance(x, tuple | list) else x
        kept = getattr(images, "dtype", None) == np.uint8 and generator.dtype == "float32"
        dtype = np.uint8 if kept else generator.dtype
        super().__init__(x, y, generator, data_format=generator.data_format, dtype=dtype, **options)
        self.dtype = generator.dtype
        self.subset = options.get("subset")

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        rows = [self.x[row] for row in index_array]
        images = self.image_data_generator.make_batch(rows, vary=self.subset != "validation")
        if self.save_to_dir:
            _save(self, images, index_array, self.save_to_dir, 10**4)
        shown = [images, *(one[index_array] for one in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return shown
        batch = (shown, self.y[index_array])
        return batch if self.sample_weight is None else (*batch, self.sample_weight[index_array])


def _at_once(generator: ImageDataGenerator, iterator: Any) -> Any:
    """A stock iterator over files, made to decode the images of a batch first and then to vary them all at once."""
    decode, folder = iterator._get_batches_of_transformed_samples, iterator.save_to_dir
    iterator.image_data_generator = iterator.save_to_dir = None  # now it only decodes
    iterator._get_batches_of_transformed_samples = partial(_vary_files, generator, iterator, decode, folder)
    return iterator


def _vary_files(
    generator: ImageDataGenerator, iterator: Any, decode: Callable[[np.ndarray], Any], folder: Any, rows: np.ndarray
) -> Any:
    decoded = decode(rows)
    labelled = isinstance(decoded, tuple)
    images = generator.make_batch(decoded[0] if labelled else decoded, vary=iterator.subset != "validation")
    if folder:
        _save(iterator, images, rows, folder, 10**7)
    if not labelled:
        return images
    labels = images.copy() if iterator.class_mode == "input" else decoded[1]
    return (images, labels, *decoded[2:])


def _save(iterator: Any, images: np.ndarray, rows: np.ndarray, folder: Any, numbers: int) -> None:
    """Save the images of a batch, under names with a random number below ``numbers``, as the stock class does."""
    for image, row in zip(images, rows, strict=True):
        name = f"{iterator.save_prefix}_{row}_{np.random.randint(numbers)}.{iterator.save_format}"
        array_to_img(image, iterator.data_format, scale=True).save(Path(folder) / name)


# The most that each range can be made; those of a factor, as zoom, are around 1 instead.
_MOST = {
    "rotation_range": 180.0,
    "width_shift_range": 1.0,
    "height_shift_range": 1.0,
    "shear_range": 90.0,
    "zoom_range": 0.99,
    "channel_shift_range": 255.0,
    "noise": 255.0,
    "salt_and_pepper": 1.0,
    "cutout": 1.0,
    "hue": 180.0,
    "saturation": 1.0,
    "contrast": 1.0,
    "random_crop": 0.99,
}


def strengthen(arguments: Mapping[str, Any], strength: float) -> dict[str, Any]:
    """``arguments`` of ``ImageDataGenerator`` with every range multiplied by ``strength``, as far as it can go.

    Factors (brightness, zoom from … to …) move away from 1, or towards it. What is on or off, as flips, stays; and with
    a strength of 1 all stays.
    """
    stronger = dict(arguments)
    if strength == 1:
        return stronger
    for name, value in arguments.items():
        if isinstance(value, list | tuple):
            stronger[name] = [
                max(0.0 if name == "brightness_range" else 0.01, 1 + strength * (one - 1)) for one in value
            ]
        elif name in _MOST:
            stronger[name] = min(strength * value, _MOST[name])
    return stronger


class Augmentation:
    """Random variations of images.

    Args:
        arguments: what ``ImageDataGenerator`` takes, by its own names.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.arguments = dict(arguments)
        self._generator = ImageDataGenerator(**self.arguments)

    @property
    def varies(self) -> bool:
        """Whether an image comes out differently each time."""
        return varies(self._generator) or bool(self._generator.extras.used)

    def __call__(self, images: np.ndarray, *, seed: int) -> np.ndarray:
        """Each of ``images`` varied at random, the same for the same ``seed``.

        Args:
            images: (n, height, width, channels), 0–255.
            seed: of this batch.

        Returns:
            float32, the same shape, 0–255.
        """
        return self._generator.vary(list(images), np.random.RandomState(seed))

    def together(self, images: np.ndarray, masks: np.ndarray, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """``images`` as a call varies them, and their ``masks`` moved as they are; no mask gets a new value.

        Args:
            images: (n, height, width, channels), 0–255.
            masks: the class of each pixel, uint8, (n, height, width).
            seed: of this batch.

        Returns:
            The images, float32, 0–255, and the masks, uint8, in the same shapes.
        """
        generator, rows = self._generator, list(images)
        variation = generator.variation(images.shape[1:3], len(rows), np.random.RandomState(seed))
        varied = np.empty(images.shape, generator.dtype)
        variation.apply(rows, varied, 1, generator.threads)
        moved = np.empty((*masks.shape, 1), np.uint8)
        variation.of_masks().move(list(masks[..., None]), moved, generator.threads)
        return varied, moved[..., 0]
