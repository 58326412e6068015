"""What is within the blocks of a network, and which networks stand for their family."""

# Of the same blocks as a smaller one of their family, only more of them: built, and not trained.
SIBLINGS = {"vgg19", "resnet34", "resnet101", "resnet152", "densenet169", "densenet201"}
# With a backbone that takes images of 16×16, and begins at random: others need a download.
SMALL = {"transfer": {"backbone": "compact_cnn", "weights": "none", "learning_rate": 1e-2}}
# Narrower than a project has them, where that is enough for a test.
NARROW: dict[str, dict[str, int | float | str]] = {
    "googlenet": {"filters": 8},
    "resnet18": {"filters": 4},
    "resnet50": {"filters": 4},
    "densenet121": {"growth_rate": 4},
    **SMALL,
}


def inner_layers(model) -> dict[str, object]:
    """All layers, those within blocks by their path."""
    from cnnproj.models.blocks import Block

    found = {}
    for layer in model.layers:
        inside = layer._flatten_layers(include_self=False) if isinstance(layer, Block) else []
        found |= {f"{layer.name}/{one.name}": one for one in inside} or {layer.name: layer}
    return found
