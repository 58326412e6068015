"""The feature maps are what the layers give, and the filters what the first convolution has learnt."""

import numpy as np

from cnnproj.models import architectures

from .networks import SIDE, in_blocks, nested


def build(name: str, shape: tuple[int, int, int]):
    network = architectures()[name]
    return network.build(shape, 3, network.defaults)


def test_the_maps_are_the_means_of_what_each_layer_gives():
    import keras

    from cnnproj.interpretation.feature_maps import feature_maps

    model = build("compact_cnn", (16, 24, 1))
    image = np.random.default_rng(0).random((16, 24, 1), dtype=np.float32)
    found = feature_maps(model, image)
    assert [name for name, _ in found.layers] == [layer.name for layer in model.layers if len(layer.output.shape) == 4]
    assert found.maps.shape == (len(found.layers), 16, 24)
    for (name, size), shown in zip(found.layers, found.maps, strict=True):
        maps = keras.Model(model.inputs[0], model.get_layer(name).output)(image[None], training=False).numpy()[0]
        assert size == f"{maps.shape[0]}×{maps.shape[1]}"
        step = 16 // maps.shape[0]
        np.testing.assert_allclose(shown[::step, ::step], maps.mean(axis=-1), atol=1e-5)


def test_the_strongest_maps_come_first_after_the_activation():
    from cnnproj.interpretation.feature_maps import STRONGEST, feature_maps

    found = feature_maps(build("compact_cnn", (16, 16, 3)), np.random.default_rng(0).random((16, 16, 3), np.float32))
    assert [size for _, size, _ in found.stages] == ["16×16", "8×8", "4×4"]
    assert [name for name, _, _ in found.stages] == ["conv_1", "relu_1", "relu_3"]
    assert found.strongest.shape == (3, STRONGEST, 16, 16)
    means = found.strongest.mean(axis=(2, 3))
    assert (np.diff(means[1:], axis=1) <= 1e-6).all()


def test_fewer_maps_than_there_is_room_for_leave_it_empty():
    from cnnproj.interpretation.feature_maps import feature_maps

    found = feature_maps(in_blocks(), np.zeros((SIDE, SIDE, 3), np.float32))
    tops = [name.split("/")[0] for name, _ in found.layers]
    assert list(dict.fromkeys(tops)) == ["block_1", "pool", "block_2"]
    assert np.isnan(found.strongest[:, 3:]).all()
    assert np.isfinite(found.strongest[:, :3]).all()


def test_the_filters_are_those_of_the_first_convolution_wherever_it_is():
    from cnnproj.interpretation.feature_maps import feature_maps

    image = np.zeros((SIDE, SIDE, 3), np.float32)
    model = nested()
    found = feature_maps(model, image)
    kernel = model.get_layer("backbone").layers[1].get_weights()[0]
    assert found.kernel == f"backbone/{model.get_layer('backbone').layers[1].name}"
    np.testing.assert_array_equal(found.filters, np.moveaxis(kernel, -1, 0))


def test_a_network_without_maps_has_none_and_comes_back_from_disk(tmp_path):
    from cnnproj.interpretation.feature_maps import feature_maps, load_feature_maps

    found = feature_maps(build("mlp", (8, 8, 1)), np.zeros((8, 8, 1), np.float32))
    found.save(tmp_path)
    again = load_feature_maps(tmp_path)
    assert (again.layers, again.stages, again.kernel) == ([], [], "")
    assert len(again.filters) == 0
