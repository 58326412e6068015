"""LeNet-5's third layer is a convolution, and on images of 28×28 the dense layer of the lecture."""

import numpy as np

from cnnproj.models import architectures


def test_what_is_computed_is_what_dense_layers_behind_the_maps_compute():
    import keras

    network = architectures()["lenet5"]
    model = network.build((28, 28, 1), 10, network.defaults)
    images = np.random.default_rng(1).random((4, 28, 28, 1), np.float32)
    kernel, bias = model.get_layer("conv_3").get_weights()

    maps = keras.Model(model.inputs[0], model.get_layer("pool_2").output)(images).numpy()
    dense = np.maximum(maps.reshape(4, -1) @ kernel.reshape(-1, 120) + bias, 0)
    behind = keras.Model(model.get_layer("flatten").output, model.layers[-1].output)

    np.testing.assert_allclose(behind(dense).numpy(), model(images).numpy(), atol=1e-6)
