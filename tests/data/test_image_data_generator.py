"""Our ImageDataGenerator is Keras' own, image by image, except where that is wrong."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tensorflow.keras.preprocessing.image import ImageDataGenerator as Stock

from cnnproj.data.augmentation import ImageDataGenerator

# Keras still imports SciPy by an old name.
pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")

shifts = st.one_of(st.just(0.0), st.floats(0.01, 2.5), st.integers(1, 6), st.just([-3, 0, 2]), st.just([0.1, 0.3]))
zooms = st.one_of(st.floats(0, 0.5), st.tuples(st.floats(0.5, 1), st.floats(1, 2)))
ranges = st.fixed_dictionaries(
    {},
    optional={
        "rotation_range": st.integers(0, 180),
        "width_shift_range": shifts,
        "height_shift_range": shifts,
        "shear_range": st.floats(0, 45),
        "zoom_range": zooms,
        "channel_shift_range": st.floats(0, 100),
        "horizontal_flip": st.booleans(),
        "vertical_flip": st.booleans(),
    },
)
filling = st.fixed_dictionaries(
    {},
    optional={
        "fill_mode": st.sampled_from(["nearest", "reflect", "constant", "wrap"]),
        "cval": st.sampled_from([0.0, 128.0, 255.0]),
        "interpolation_order": st.sampled_from([0, 1, 1, 3]),
    },
)
shapes = st.tuples(st.integers(4, 40), st.integers(4, 40), st.sampled_from([1, 3, 4]))
seeds = st.integers(0, 2**31)
EVERYTHING = {
    "rotation_range": 30,
    "width_shift_range": 0.2,
    "height_shift_range": 0.2,
    "shear_range": 15,
    "zoom_range": 0.3,
    "channel_shift_range": 20.0,
    "horizontal_flip": True,
    "vertical_flip": True,
}


def noise(n: int, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, *shape)).astype(dtype)


def both(arguments: dict, make) -> tuple:
    """What ``make`` gives with the stock generator, and with ours."""
    return make(Stock(**arguments)), make(ImageDataGenerator(**arguments))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    return float(abs(one.astype(float) - other.astype(float)).max())


@given(ranges, filling, shapes, seeds)
def test_batches_of_floats_are_the_stock_ones_within_a_hundredth_of_a_value(drawn, filled, shape, seed):
    images = noise(7, shape)
    options = {"batch_size": 4, "seed": seed}

    stock, ours = both({**drawn, **filled}, lambda made: made.flow(images, np.arange(7), **options))

    for _ in range(3):  # the second batch is smaller, the third begins a new epoch
        (pixels, labels), (our_pixels, our_labels) = next(stock), next(ours)
        assert (labels == our_labels).all()
        assert apart(pixels, our_pixels) <= 0.01


@given(ranges, filling, shapes, seeds, st.sampled_from([None, 1 / 255, 2.0]))
def test_images_of_uint8_differ_by_their_rounding_alone(drawn, filled, shape, seed, rescale):
    images = noise(5, shape, "uint8")
    arguments = {**drawn, **filled, "rescale": rescale}

    stock, ours = both(arguments, lambda made: next(made.flow(images, seed=seed)))

    assert ours.dtype == np.float32
    assert apart(stock, ours) <= 0.51 * (rescale or 1)


@given(ranges, shapes, seeds)
def test_a_single_image_is_transformed_the_same_way(drawn, shape, seed):
    image = noise(1, shape)[0]

    stock, ours = both(drawn, lambda made: made.random_transform(image, seed=seed))

    assert apart(stock, ours) <= 0.01


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "theta": st.floats(-180, 180),
            "tx": st.floats(-20, 20),
            "ty": st.floats(-20, 20),
            "shear": st.floats(-60, 60),
            "zx": st.floats(0.3, 3),
            "zy": st.floats(0.3, 3),
            "flip_horizontal": st.booleans(),
            "flip_vertical": st.booleans(),
            "channel_shift_intensity": st.floats(-100, 100),
        },
    ),
    shapes,
    st.sampled_from(["nearest", "reflect", "wrap"]),
)
def test_given_parameters_are_applied_the_same_way(parameters, shape, mode):
    image = noise(1, shape)[0]

    stock, ours = both({"fill_mode": mode}, lambda made: made.apply_transform(image.copy(), parameters))

    assert apart(stock, ours) <= 0.01


@given(ranges, shapes, seeds)
def test_parameters_are_drawn_alike_and_leave_the_stream_where_the_stock_class_leaves_it(drawn, shape, seed):
    images = noise(6, shape)

    def after(made) -> tuple:
        parameters = made.get_random_transform(shape, seed)
        next(made.flow(images, shuffle=False))
        return parameters, np.random.random_sample()

    stock, ours = both({**drawn, "brightness_range": [0.5, 1.5]}, after)

    assert stock == ours


@given(st.tuples(st.floats(0, 1), st.floats(1, 3)), shapes, seeds, st.sampled_from(["uint8", "float32"]))
def test_brightness_gives_the_whole_numbers_of_the_stock_class(factors, shape, seed, dtype):
    images = noise(4, shape, dtype) * np.array(0.99, dtype if dtype == "float32" else np.float32).astype("float32")
    images = images.astype(dtype)

    stock, ours = both({"brightness_range": factors}, lambda made: next(made.flow(images, seed=seed)))

    assert (stock == ours).all()


def test_brightness_beyond_0_to_255_is_stretched_as_the_stock_class_does():
    images = noise(4, (9, 8, 3)) * 2 - 100

    stock, ours = both({"brightness_range": [0.5, 2]}, lambda made: next(made.flow(images, seed=1)))

    assert (stock == ours).all()


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_brightness_after_a_warp_differs_by_one_step_where_a_value_lies_near_a_whole_number(dtype):
    images = noise(8, (40, 30, 3), dtype)
    arguments = {**EVERYTHING, "channel_shift_range": 0, "brightness_range": [0.5, 1.5]}

    stock, ours = both(arguments, lambda made: next(made.flow(images, seed=1)))

    assert apart(stock, ours) <= 3
    assert (stock != ours).mean() < 0.005


@pytest.mark.parametrize(
    "arguments",
    [
        {"samplewise_center": True, "samplewise_std_normalization": True},
        {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 1 / 255},
        {"featurewise_center": True, "zca_whitening": True},
        {"dtype": "float64"},
        {"preprocessing_function": lambda image: image / 2 + np.random.random(), "rescale": 2.0},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_every_way_of_standardizing_is_the_stock_one(arguments):
    images = noise(6, (12, 12, 3))

    def made_by(made) -> np.ndarray:
        made.fit(images, augment=True, seed=2)
        return next(made.flow(images, seed=1))

    stock, ours = both({**EVERYTHING, **arguments}, made_by)

    assert apart(stock, ours) <= 0.01


def test_channels_first_is_taken_as_well():
    images = noise(6, (3, 12, 10))
    arguments = {**EVERYTHING, "data_format": "channels_first"}

    stock, ours = both(arguments, lambda made: next(made.flow(images, seed=1)))

    assert apart(stock, ours) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("subset", [None, "training"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_labels_weights_and_whatever_goes_along_come_in_the_stock_order(subset, shuffle):
    images, along, weights = noise(20, (8, 8, 3)), np.arange(20) * 10, np.linspace(0, 1, 20)
    labels = np.arange(20) % 2

    def epoch(made) -> list:
        options = {"batch_size": 6, "shuffle": shuffle, "sample_weight": None, "seed": 4, "subset": subset}
        if subset is None:
            options["sample_weight"] = weights
        batches = made.flow((images, along), labels, **options)
        return [batches[place] for place in range(len(batches))]

    stock, ours = both({**EVERYTHING, "validation_split": 0.3}, epoch)

    for expected, batch in zip(stock, ours, strict=True):
        assert len(expected) == len(batch)
        assert apart(expected[0][0], batch[0][0]) <= 0.01
        assert (expected[0][1] == batch[0][1]).all()
        assert all((one == other).all() for one, other in zip(expected[1:], batch[1:], strict=True))


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Two class folders of PNG files: 7 and 5, of several sizes."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        path = folder / ("cat" if number < 7 else "dog") / f"{number:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(noise(1, (20 + number, 24, 3), "uint8")[0]).save(path)
    return folder


@pytest.mark.parametrize("class_mode", ["categorical", "sparse", "input", None])
@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
def test_files_in_class_folders_come_as_the_stock_ones(photos, class_mode, color_mode):
    options = {"target_size": (18, 16), "class_mode": class_mode, "color_mode": color_mode, "batch_size": 5, "seed": 2}

    stock, ours = both(EVERYTHING, lambda made: made.flow_from_directory(photos, **options))

    for _ in range(4):
        expected, batch = next(stock), next(ours)
        if class_mode is None:
            expected, batch = (expected,), (batch,)
        assert all(apart(one, other) <= 0.01 for one, other in zip(expected, batch, strict=True))


@pytest.mark.parametrize("subset", [None, "training"])
def test_files_that_a_table_names_come_as_the_stock_ones(photos, subset):
    paths = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))
    table = pd.DataFrame({"filename": paths, "class": [path[:3] for path in paths], "weight": np.arange(12.0)})
    options = {"weight_col": "weight", "target_size": (18, 16), "batch_size": 5, "seed": 2, "subset": subset}
    arguments = {**EVERYTHING, "validation_split": 0.25, "rescale": 1 / 255}

    stock, ours = both(arguments, lambda made: made.flow_from_dataframe(table, photos, **options))

    for place in range(len(stock)):
        assert all(apart(one, other) <= 0.01 for one, other in zip(stock[place], ours[place], strict=True))


def test_images_are_saved_under_the_stock_names(photos, tmp_path):
    def saved(made) -> dict[str, bytes]:
        folder = tmp_path / type(made).__module__
        folder.mkdir()
        next(made.flow(noise(3, (9, 9, 3)), seed=1, save_to_dir=folder, save_prefix="array"))
        files = {"save_to_dir": folder, "save_prefix": "file", "target_size": (9, 9), "batch_size": 3}
        next(made.flow_from_directory(photos, seed=1, **files))
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    stock, ours = both({"horizontal_flip": True}, saved)

    assert len(ours) == 6
    assert stock == ours


@pytest.mark.parametrize("shape", [(28, 28, 1), (150, 140, 3), (150, 140, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_number_of_threads_changes_nothing(shape, dtype):
    images = noise(16, shape, dtype)
    further = {"noise": 5, "salt_and_pepper": 0.05, "cutout": 0.3, "hue": 10, "contrast": 0.1, "random_crop": 0.2}

    for arguments in (EVERYTHING, {**EVERYTHING, "fill_mode": "constant", "brightness_range": [0.5, 1.5], **further}):
        one, *more = (
            next(ImageDataGenerator(**arguments, threads=threads).flow(images, seed=3)) for threads in (1, 2, 5)
        )
        assert all(one.tobytes() == other.tobytes() for other in more)


def test_uint8_arrays_are_neither_copied_nor_changed_also_on_disk(tmp_path):
    np.save(tmp_path / "images.npy", noise(10, (60, 60, 3), "uint8"))
    stored = np.load(tmp_path / "images.npy", mmap_mode="r")
    before = stored.copy()

    batches = ImageDataGenerator(**EVERYTHING).flow(stored, seed=1)
    pixels = next(batches)

    assert np.shares_memory(batches.x, stored)
    assert pixels.dtype == np.float32
    assert (stored == before).all()
    assert apart(pixels, next(ImageDataGenerator(**EVERYTHING).flow(before, seed=1))) == 0


def test_float_arrays_are_not_changed():
    images = noise(5, (60, 60, 3))
    before = images.copy()

    next(ImageDataGenerator(**EVERYTHING, rescale=1 / 255, brightness_range=[0, 2], noise=9).flow(images))

    assert (images == before).all()


# Where the stock class is wrong -------------------------------------------------------------------------------------


def test_the_validation_subset_is_never_varied(photos):
    images = noise(20, (8, 8, 3))
    made = ImageDataGenerator(**EVERYTHING, validation_split=0.5, rescale=0.5)

    arrays = next(made.flow(images, shuffle=False, subset="validation"))
    files = {"target_size": (8, 8), "class_mode": None, "shuffle": False, "subset": "validation"}
    plain = Stock(validation_split=0.5, rescale=0.5).flow_from_directory(photos, **files)

    assert (arrays == images[:10] / 2).all()
    assert (next(made.flow_from_directory(photos, **files)) == next(plain)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_brightness_works_on_floats_from_0_to_1(dtype):
    images = (noise(4, (8, 8, 3)) / 255).astype(dtype)
    made = ImageDataGenerator(brightness_range=[0.5, 0.5], dtype=dtype)

    assert next(made.flow(images, shuffle=False)) == pytest.approx(images / 2, abs=1e-6)
    assert made.apply_transform(images[0], {"brightness": 3.0}) == pytest.approx(np.clip(images[0] * 3, 0, 1))


def test_the_stock_class_exchanges_the_directions_of_shifts_and_so_do_its_images_here():
    images = np.zeros((1, 9, 9, 1), np.float32)
    images[:, 4, 4] = 255
    for name, axis in (("width_shift_range", 0), ("height_shift_range", 1)):
        stock, ours = both({name: [3]}, lambda made: next(made.flow(images, seed=1)))
        assert apart(stock, ours) == 0
        moved = np.argwhere(ours[0, ..., 0] == 255)[0] - 4
        assert abs(moved[axis]) == 3
        assert moved[1 - axis] == 0


def test_it_trains_without_a_warning():
    import keras

    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    images, labels = noise(32, (8, 8, 1), "uint8"), np.arange(32) % 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mode in ("nearest", "wrap"):
            made = ImageDataGenerator(**EVERYTHING, rescale=1 / 255, fill_mode=mode)
            history = model.fit(made.flow(images, labels, batch_size=8), epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
