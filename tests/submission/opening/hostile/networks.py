"""Hostile networks of a student's own."""

from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

from .register import HOSTILE, OWN, RECIPE, WEIGHTS, Hostile, Members, Runs, hostile, zipped


def layer(kind: str, module: str = "keras.layers", registered: str | None = None, /, **config: Any) -> dict[str, Any]:
    """What the configuration of a network says of a layer."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": registered}


def _block(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return layer(kind, "cnnproj.models.blocks", f"cnnproj>{kind}", name=name, **config)


def own(members: Members, layers: list[dict[str, Any]], weights: bytes = b"", more: Members | None = None) -> Members:
    """``members`` with a network of the student's own, of ``layers`` and the last one that fits the classes."""
    recipe = json.loads(members[RECIPE])
    recipe |= {"model": OWN, "ours": False, "hyperparameters": {}}
    last = layer("Dense", name="last", units=len(recipe["classes"]), activation="softmax")
    whole = layer("Sequential", "keras", name=OWN, layers=[*layers, layer("Flatten", name="flatten"), last])
    made = zipped({"config.json": json.dumps(whole).encode(), **(more or {})}, method=zipfile.ZIP_STORED)
    folder = f"models/{OWN}"
    files = {"recipe.json": json.dumps(recipe).encode(), "model.keras": made, "model.weights.h5": weights}
    return {**members, **{f"{folder}/{name}": data for name, data in files.items()}}


def _builds(label: str, sentence: str, *layers: dict[str, Any]) -> None:
    HOSTILE[f"own_{label}"] = Hostile(
        lambda members, folder: zipped(own(members, list(layers))), f"opened.{sentence}", "own"
    )


_CODE = {"class_name": "__lambda__", "config": {"value": "4wEAAAAAAAAAAAAAAA=="}}
_builds("lambda", "layer_unknown", layer("Lambda", name="a", function=_CODE, output_shape=None))
_builds("lambda_as_activation", "layer_unknown", layer("Activation", name="a", activation=_CODE))
_builds("function_as_activation", "layer_unknown", layer("Activation", name="a", activation="builtins.eval"))
_builds(
    "import_as_activation",
    "layer_unknown",
    layer("Activation", name="a", activation=layer("function", "os", config="system")),
)
_builds("class_of_another_module", "layer_unknown", layer("system", "os", command="touch canary"))
_builds("class_of_a_stranger", "layer_unknown", layer("Dense", "evil", "evil>Dense", units=1))
_builds("saved_program", "layer_unknown", layer("TFSMLayer", name="a", filepath="/tmp", call_endpoint="serve"))
_builds("network_in_a_network", "layer_unknown", layer("Sequential", "keras", name="a", layers=[]))
_builds("name_that_leads_out", "argument_unknown", layer("Flatten", name="../../../a"))
_builds("argument_that_is_code", "argument_unknown", layer("Reshape", name="a", target_shape=_CODE))
_builds("huge_layer", "network_size", layer("Flatten", name="a"), layer("Dense", name="b", units=10**9))
_builds("huge_output", "network_size", layer("UpSampling2D", name="a", size=[10**4, 10**4]))
_builds("endless_layers", "network", *(layer("Flatten", name=f"f{number}") for number in range(600)))
_builds("endless_steps", "network", *(_block("DenseBlock", f"d{n}", steps=250, growth_rate=1) for n in range(3)))
_builds("huge_output_in_a_block", "network_size", _block("InceptionModule", "a", filters=[1, 250_000, 1, 1, 1, 1]))
_builds("block_with_code", "layer_unknown", _block("ResidualBlock", "a", filters=1, activation=_CODE))
_builds("block_of_a_stranger", "layer_unknown", layer("ResidualBlock", "evil.blocks", "cnnproj>ResidualBlock"))
_builds("arguments_that_do_not_fit", "network", layer("Conv2D", name="a", filters=-1, kernel_size=[1, 1]))
_builds("argument_that_is_not_known", "network", layer("Flatten", name="a", command="system"))


@hostile("outside", "own")
def own_zip_that_leads_out(members: Members, folder: Path) -> bytes:
    return zipped(own(members, [], more={"../outside.txt": b"x"}))


@hostile("network", "own")
def own_pickle(members: Members, folder: Path) -> bytes:
    made = zipped({"config.pkl": pickle.dumps(Runs(folder))})
    return zipped({**own(members, []), f"models/{OWN}/model.keras": made})


@hostile("no_zip", "own")
def own_as_hdf5(members: Members, folder: Path) -> bytes:
    return zipped({**own(members, []), f"models/{OWN}/model.keras": members[WEIGHTS]})


@hostile("not_json", "own")
def own_bomb(members: Members, folder: Path) -> bytes:
    made = zipped({"config.json": b" " * (100 << 20)})
    return zipped({**own(members, []), f"models/{OWN}/model.keras": made})
