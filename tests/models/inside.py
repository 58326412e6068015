"""What is within the blocks of a network."""


def inner_layers(model) -> dict[str, object]:
    """All layers, those within blocks by their path."""
    from cnnproj.models.blocks import Block

    found = {}
    for layer in model.layers:
        inside = layer._flatten_layers(include_self=False) if isinstance(layer, Block) else []
        found |= {f"{layer.name}/{one.name}": one for one in inside} or {layer.name: layer}
    return found
