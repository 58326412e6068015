"""What is within the blocks of a network, and which networks stand for their family."""

import pytest

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


def make_shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave a block or two of each kind in the deepest networks: all that is theirs, traced in seconds."""
    from cnnproj.models import densenet, googlenet, resnet

    monkeypatch.setattr(googlenet, "MODULES", {name: googlenet.MODULES[name] for name in ("3a", "4a")})
    monkeypatch.setitem(resnet.DEPTHS, "resnet50", (1, 1))
    monkeypatch.setitem(densenet.STEPS, "densenet121", (2, 1))


def inner_layers(model) -> dict[str, object]:
    """All layers, those within blocks by their path."""
    from cnnproj.models.blocks import Block

    found = {}
    for layer in model.layers:
        inside = layer._flatten_layers(include_self=False) if isinstance(layer, Block) else []
        found |= {f"{layer.name}/{one.name}": one for one in inside} or {layer.name: layer}
    return found
