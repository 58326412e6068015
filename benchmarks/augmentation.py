"""Augmented images a second: ours, Keras' stock ImageDataGenerator, Keras layers in tf.data, albumentations, OpenCV.

    python benchmarks/augmentation.py          # a few minutes; on a machine that does nothing else
    python benchmarks/augmentation.py --smoke  # tries all of it in seconds; its figures say nothing

Rotation, shift, shear, zoom and horizontal flip, batches of 64 random images, uint8 in, float32 in [0, 1] out. Each
figure is the median of 5 rounds; in each round every side has its turn, so that all see the same machine. Keras has no
layer for shear: those make do without. Albumentations takes an image at a time, as it is meant to be used, on as many
threads as ours where images are so large that it gains by them; it is measured where it is installed (`pip install
albumentations`). "OpenCV alone" is nothing but the
calls of warpAffine on arrays that are ready, with the same matrices, threads and chunks: once on the images as they
are, and once, for RGB, on images that had a fourth channel before, which OpenCV does faster and ours makes use of.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

import cv2
import numpy as np

from cnnproj.runtime import quiet_import

BATCH = 64
AHEAD = 4  # batches
SHAPES = [(224, 224, 3), (96, 96, 3), (32, 32, 3), (28, 28, 1)]
ARGUMENTS: dict[str, Any] = {
    "rotation_range": 20,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10,
    "zoom_range": 0.2,
    "horizontal_flip": True,
    "rescale": 1 / 255,
}
Work = Callable[[], object]


def stock(images: np.ndarray) -> Work:
    """The next batch of the stock class."""
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    batches = ImageDataGenerator(**ARGUMENTS).flow(images, batch_size=BATCH, seed=1)
    return lambda: next(batches)


def ours(images: np.ndarray, threads: int) -> Work:
    """The next batch of ours."""
    from cnnproj.data.augmentation import ImageDataGenerator

    batches = ImageDataGenerator(**ARGUMENTS, threads=threads).flow(images, batch_size=BATCH, seed=1)
    return lambda: next(batches)


def layers(images: np.ndarray, threads: int) -> Work:
    """The next batch of Keras' layers in tf.data, mapped batch by batch."""
    import keras
    import tensorflow as tf

    chain = [
        keras.layers.RandomRotation(20 / 360, fill_mode="nearest"),
        keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
        keras.layers.RandomZoom(0.2, 0.2, fill_mode="nearest"),
        keras.layers.RandomFlip("horizontal"),
        keras.layers.Rescaling(1 / 255),
    ]

    def vary(batch: Any) -> Any:
        for layer in chain:
            batch = layer(batch, training=True) if layer is not chain[-1] else layer(batch)
        return batch

    data = tf.data.Dataset.from_tensor_slices(images).shuffle(len(images)).repeat().batch(BATCH)
    batches = iter(data.map(vary, num_parallel_calls=threads).prefetch(1))
    return lambda: next(batches).numpy()


def albumentations(images: np.ndarray, threads: int) -> Work | None:
    """The next batch by albumentations, or ``None`` where it is not installed."""
    try:
        import albumentations as albu
    except ImportError:
        return None
    if images[0].size < 2**14:
        threads = 1
    border = cv2.BORDER_REPLICATE
    shift = {"x": (-0.1, 0.1), "y": (-0.1, 0.1)}
    zoom = {"x": (0.8, 1.2), "y": (0.8, 1.2)}
    chain = [
        albu.Affine(scale=zoom, translate_percent=shift, rotate=(-20, 20), shear=(-10, 10), border_mode=border, p=1),
        albu.HorizontalFlip(p=0.5),
        albu.ToFloat(255),
    ]
    made = [albu.Compose(chain) for _ in range(threads)]
    pool = ThreadPoolExecutor(threads)
    order = np.random.default_rng(1)

    def batch() -> np.ndarray:
        rows = order.permutation(len(images))[:BATCH]
        out = np.empty((BATCH, *images.shape[1:]), np.float32)

        def some(worker: int) -> None:
            for place in range(worker, BATCH, threads):
                out[place] = made[worker](image=images[rows[place]])["image"]

        for _ in pool.map(some, range(threads)):
            pass
        return out

    return batch


def opencv(images: np.ndarray, threads: int, channels: int) -> Work:
    """The calls of warpAffine alone."""
    from cnnproj.data.augmentation import ImageDataGenerator
    from cnnproj.data.transforms import draw, matrices, with_flips
    from cnnproj.data.warp import in_chunks

    shape = images.shape[1:3]
    parameters = draw(ImageDataGenerator(**ARGUMENTS), shape, BATCH, np.random.RandomState(1))
    made = with_flips(matrices(parameters, shape), parameters, shape)
    made = np.ascontiguousarray(made[:, ::-1, [1, 0, 2]])
    source = np.ascontiguousarray(np.resize(images[:BATCH], (BATCH, *shape, channels)))
    out, size, flags = np.empty_like(source), shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def work(chunk: slice) -> None:
        for image, matrix, target in zip(source[chunk], made[chunk], out[chunk], strict=True):
            cv2.warpAffine(image, matrix, size, target, flags, cv2.BORDER_REPLICATE)

    return lambda: in_chunks(work, BATCH, images[0].size, threads)


def rate(work: Work, seconds: float) -> float:
    """Images a second, over at least ``seconds``, after what tf.data has prepared beforehand is used up."""
    for _ in range(AHEAD):
        work()
    start, batches = time.perf_counter(), 0
    while (spent := time.perf_counter() - start) < seconds or not batches:
        work()
        batches += 1
    time.sleep(seconds / 2)  # until what tf.data prepares for the next turn is ready, or it would slow the others down
    return BATCH * batches / spent


def rows(shapes: list[tuple[int, int, int]], threads: int, rounds: int, seconds: float) -> Iterator[str]:
    """The table, a line a shape."""
    heads = "ours | stock | ours / stock | Keras layers | ours / layers | albumentations | ours / albumentations"
    yield f"| images | {heads} | OpenCV alone | ours / OpenCV | OpenCV, 4 channels |"
    yield "|---" * 11 + "|"
    for shape in shapes:
        images = np.random.default_rng(0).integers(0, 256, (4 * BATCH, *shape), dtype=np.uint8)
        sides: dict[str, Work | None] = {
            "ours": ours(images, threads),
            "stock": stock(images),
            "layers": layers(images, threads),
            "albumentations": albumentations(images, threads),
            "opencv": opencv(images, threads, shape[2]),
            "wide": opencv(images, threads, 4) if shape[2] == 3 else None,
        }
        found: dict[str, list[float]] = {name: [] for name, work in sides.items() if work}
        for place in range(rounds + 1):
            for name in found:
                measured = rate(sides[name], seconds)  # type: ignore[arg-type]
                found[name] += [measured] if place else []  # the first round warms up
        median = {name: statistics.median(values) for name, values in found.items()}
        cells = [f"{median['ours']:,.0f}"]
        for other in ("stock", "layers", "albumentations", "opencv"):
            known = other in median
            cells.append(f"{median[other]:,.0f}" if known else "not installed")
            cells.append(f"{median['ours'] / median[other]:.3g} ×" if known else "–")
        cells.append(f"{median['wide']:,.0f}" if "wide" in median else "–")
        yield f"| {'×'.join(map(str, shape))} | " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="for every side (default 2)")
    parser.add_argument("--smoke", action="store_true", help="one short round of the small shapes")
    chosen = parser.parse_args()
    with quiet_import():
        import tensorflow as tf
    # Not cnnproj's own start: deterministic operations, which it asks for, would hold the layers in tf.data back.
    tf.config.threading.set_intra_op_parallelism_threads(chosen.threads)
    tf.config.threading.set_inter_op_parallelism_threads(chosen.threads)
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    print(f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, OpenCV {cv2.__version__}{load}\n")
    shapes, rounds, seconds = (SHAPES[2:], 1, 0.05) if chosen.smoke else (SHAPES, 5, 1.0)
    for row in rows(shapes, chosen.threads, rounds, seconds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
