"""A map that is right passes the checks; one that says nothing about the network does not."""

import numpy as np
import pandas as pd
import pytest

from cnnproj.anatomy.receptive_field import UNKNOWN, Field, Interval
from cnnproj.interpretation.belief import load_belief
from cnnproj.interpretation.curves import SHARES, area, follow, follow_random
from cnnproj.interpretation.examination import by_chance, examine
from cnnproj.interpretation.pointing import hits, masks_of
from cnnproj.interpretation.sanity import agreement, randomised, stability
from cnnproj.models import architectures

from .networks import HALF, SIDE, bright_quadrants, one_quadrant

IMAGES = bright_quadrants()
CLASSES = np.zeros(len(IMAGES), np.int64)
TRUTH = np.zeros((len(IMAGES), SIDE, SIDE), bool)
TRUTH[:, :HALF, :HALF] = True


@pytest.fixture(scope="module")
def quadrant():
    from cnnproj.interpretation.opened_model import OpenedModel

    return OpenedModel(one_quadrant())


@pytest.fixture(scope="module")
def untrained():
    import keras

    from cnnproj.interpretation.opened_model import OpenedModel

    keras.utils.set_random_seed(1)
    network = architectures()["compact_cnn"]
    return OpenedModel(network.build((SIDE, SIDE, 1), 3, network.defaults))


class TestDeletionAndInsertion:
    def test_of_the_right_map_fall_and_rise_at_once(self, quadrant):
        curves = follow(quadrant, IMAGES, CLASSES, TRUTH.astype(np.float32), seed=0)
        quarter = int(np.searchsorted(SHARES, 0.25))
        assert curves.deletion.shape == (len(IMAGES), len(SHARES))
        assert curves.deletion[:, 0].min() > 0.99
        assert curves.deletion[:, quarter:].max() < 0.01  # all that counts is gone
        assert curves.insertion[:, 0].max() < 0.01
        assert curves.insertion[:, quarter:].min() > 0.99  # all that counts is there

    def test_of_the_wrong_way_round_are_worse_than_random_and_the_right_one_better(self, quadrant):
        right, wrong = (follow(quadrant, IMAGES, CLASSES, maps, seed=0) for maps in (TRUTH * 1.0, ~TRUTH * 1.0))
        random = follow_random(quadrant, IMAGES, CLASSES, (4, 4), UNKNOWN, seed=0)
        assert (right.gain > random.gain).all()
        assert (wrong.gain < random.gain).all()

    def test_of_a_map_without_order_take_the_pixels_in_an_order_of_the_seed(self, quadrant):
        nothing = np.zeros(TRUTH.shape)
        first, same, other = (follow(quadrant, IMAGES, CLASSES, nothing, seed=seed) for seed in (1, 1, 2))
        np.testing.assert_array_equal(first.insertion, same.insertion)
        assert (first.insertion != other.insertion).any()

    def test_the_area_is_the_mean_height(self):
        assert area(np.stack([np.ones_like(SHARES), SHARES])) == pytest.approx([1, 0.5])


class TestRandomWeights:
    def test_leave_nothing_of_grad_cam(self, untrained):
        classes = np.zeros(len(IMAGES), np.int64)
        found = randomised(untrained, lambda images: untrained.class_activation(images, classes), IMAGES, seed=0)
        assert found.layers[-1] == "conv_1"
        assert found.agreement["gradcam"].shape == (len(found.layers), len(IMAGES))
        assert abs(found.agreement["gradcam"][-1].mean()) < 0.5
        assert [set(maps) for maps in found.maps] == [{"gradcam", "gradcam_plus_plus", "layercam"}] * 3

    def test_leave_a_map_as_it_is_that_does_not_ask_the_network(self, untrained):
        found = randomised(untrained, lambda images: {"brightness": images[..., 0]}, IMAGES, seed=0)
        assert found.agreement["brightness"] == pytest.approx(1)

    def test_are_gone_afterwards_also_where_something_fails(self, untrained):
        before = untrained.model.get_weights()
        asked = []

        def fail(images):
            asked.append(images)
            if len(asked) == 3:
                raise ValueError("no more")
            return {"brightness": images[..., 0]}

        with pytest.raises(ValueError, match="no more"):
            randomised(untrained, fail, IMAGES, seed=0)
        for array, kept in zip(untrained.model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(array, kept)


class TestNoise:
    def test_changes_a_smooth_map_hardly_and_a_map_of_noise_entirely(self):
        random = np.random.default_rng(0)
        found = stability(
            lambda images: {"places": np.tile(np.arange(16.0), (8, 16, 1)), "noise": random.random((8, 16, 16))},
            IMAGES,
            seed=0,
        )
        assert found["places"] == pytest.approx(1)
        assert np.abs(found["noise"]).max() < 0.3


def test_agreement_is_spearmans_and_0_where_a_map_is_the_same_all_over():
    from scipy.stats import spearmanr

    random = np.random.default_rng(0)
    first, second = random.random((3, 5, 5)), random.random((3, 5, 5)).round(1)
    second[2] = 0
    expected = [spearmanr(first[row].ravel(), second[row].ravel()).statistic for row in (0, 1)]
    assert agreement(first, second) == pytest.approx([*expected, 0])


class TestPointing:
    def test_a_peak_on_the_object_is_a_hit(self):
        maps = np.zeros((4, SIDE, SIDE))
        maps[0, 2, 3] = maps[1, 12, 3] = 1  # on it, beside it
        maps[2, 2, 3] = maps[2, 12, 3] = 1  # one peak of two
        assert hits(maps, TRUTH[:4]).tolist() == [1, 0, 0.5, 0]  # the last one points nowhere

    def test_by_chance_a_map_hits_what_the_object_covers_of_all_that_it_stands_for(self):
        inner = Interval(0, 15, 1, 4.5)  # eight positions, from pixel 4 to pixel 11: half of them are on the object
        assert by_chance(TRUTH, (4, 4), UNKNOWN) == 0.25
        assert by_chance(TRUTH, (8, 8), Field(inner, inner)) == 0.25
        assert by_chance(TRUTH, (4, 8), Field(inner, inner)) == 0.5

    def test_the_masks_of_the_shapes_lie_where_the_images_are_resized_to(self):
        from cnnproj.data.resizing import fit_to
        from cnnproj.data.sources import open_source

        source = open_source("shapes", None, seed=3)
        names = ["shapes/0007", "shapes/0001"]
        for resize in ("stretch", "pad", "crop"):
            masks = masks_of(source, names, (48, 64), resize)
            assert masks.shape == (2, 48, 64)
            for mask, row in zip(masks, (7, 1), strict=True):
                image = fit_to(source.read(row).pixels, (48, 64), resize).astype(float)
                edge = mask[1:, 1:] & ~(mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:])
                steps = np.abs(np.diff(image, axis=0)[:, 1:]).sum(axis=-1) + np.abs(np.diff(image, axis=1)[1:]).sum(
                    axis=-1
                )
                assert steps[edge].mean() > 2 * steps.mean()  # the object's outline is where the picture changes

    def test_where_nobody_knows_the_object_there_is_no_game(self):
        from cnnproj.data.sources import open_source

        assert masks_of(open_source("digits", None, seed=0), ["digits/0001"], (8, 8), "stretch") is None


@pytest.fixture(scope="module")
def belief(quadrant):
    return examine(quadrant, IMAGES, TRUTH, seed=0)


class TestAnExamination:
    def test_believes_the_network_that_looks_at_one_quadrant(self, belief):
        main = belief.main
        assert main["method"] == "gradcam"
        assert main["deletion"] < main["random_deletion"]
        assert main["insertion"] > main["random_insertion"]
        assert (main["better"], main["n"]) == (8, 8)
        assert main["pointing"] == 1
        assert main["object"] == pytest.approx(0.25)
        assert main["stable"] > 0.9

    def test_is_the_same_from_disk(self, belief, tmp_path):
        assert all(path.parent == tmp_path for path in belief.save(tmp_path))
        again = load_belief(tmp_path)
        for name in ("numbers", "curves", "layers"):
            pd.testing.assert_frame_equal(getattr(again, name), getattr(belief, name), check_dtype=False)

    def test_is_the_same_with_the_same_seed(self, belief, quadrant):
        assert examine(quadrant, IMAGES, TRUTH, seed=0).numbers.equals(belief.numbers)

    def test_of_a_network_without_positions_is_of_its_saliency(self):
        from cnnproj.interpretation.opened_model import OpenedModel

        network = architectures()["mlp"]
        opened = OpenedModel(network.build((8, 8, 1), 3, network.defaults))
        belief = examine(opened, IMAGES[:4, :8, :8], None, seed=0)
        assert list(belief.numbers["method"]) == ["saliency"]
        assert belief.numbers["pointing"].isna().all()
        assert belief.numbers[["deletion", "insertion", "randomised", "stable"]].notna().all(axis=None)
