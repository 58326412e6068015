"""A network as one flat graph: the layers inside its blocks come out, each with a path as ``conv2_1/conv_1``."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from cnnproj.errors import CnnprojError


@dataclass(frozen=True)
class Slot:
    """The place of a tensor in a graph: the image, or what a step gives."""

    number: int


@dataclass(frozen=True)
class Step:
    """One layer at work.

    Attributes:
        path: the names of the blocks that it is in, and its own, with slashes between: ``conv2_1/conv_1``.
        layer: the layer; an operation of ``keras.ops`` is one too.
        args: what it is called with: a ``Slot`` in the place of each tensor.
        kwargs: the same, by name.
        outputs: where what it gives goes.
        shape: of its first output, without the batch.
        first: whether the layer works here for the first time; one that is used again has the same weights.
    """

    path: str
    layer: keras.Operation
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: tuple[Slot, ...]
    shape: tuple[int, ...]
    first: bool

    @property
    def sources(self) -> list[Slot]:
        """The tensors that it takes."""
        return [leaf for leaf in keras.tree.flatten((self.args, dict(self.kwargs))) if isinstance(leaf, Slot)]

    def given(self, known: Mapping[Slot, Any]) -> Any:
        """What it gives in inference, with the value of each of its ``sources`` in ``known``."""
        kwargs = _filled(dict(self.kwargs), known)
        if "training" in inspect.signature(self.layer.call).parameters:
            kwargs["training"] = False
        return self.layer(*_filled(self.args, known), **kwargs)

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt or will learn; 0 where it works again."""
        return int(self.layer.count_params()) if self.first and isinstance(self.layer, keras.Layer) else 0


@dataclass(frozen=True)
class Unfolded:
    """A network as one flat graph.

    Attributes:
        shape: of the image: height, width, channels.
        image: where the image comes in.
        steps: the layers in an order in which each comes after those that it takes from.
        result: where the output comes out.
    """

    shape: tuple[int, ...]
    image: Slot
    steps: tuple[Step, ...]
    result: Slot

    def values(self, images: Any, instead: Mapping[str, Any] = MappingProxyType({})) -> Iterator[tuple[Step, Any]]:
        """What each step gives for ``images``, (n, height, width, channels), as in inference; a tensor, by step.

        Gradients go through, on a ``GradientTape``. What no later step takes is let go.

        Args:
            images: what comes in.
            instead: by path, what a step is taken to give, in place of what it would compute.
        """
        last = {slot: number for number, step in enumerate(self.steps) for slot in step.sources}
        known = {self.image: images}
        for number, step in enumerate(self.steps):
            given = instead[step.path] if step.path in instead else step.given(known)
            known |= dict(zip(step.outputs, keras.tree.flatten(given), strict=True))
            yield step, known[step.outputs[0]]
            known = {slot: value for slot, value in known.items() if last.get(slot, -1) > number}

    def step(self, path: str) -> Step:
        """The step at ``path``.

        Raises:
            CnnprojError: where there is none, with the paths that come closest.
        """
        from difflib import get_close_matches

        for step in self.steps:
            if step.path == path:
                return step
        paths = [step.path for step in self.steps]
        close = [name for name in paths if name.startswith(f"{path}/")][:3] or get_close_matches(path, paths, 3, 0.3)
        raise CnnprojError("anatomy.no_layer", path=path, close=", ".join(close or paths[:3]))


def unfold(model: keras.Model) -> Unfolded:
    """``model`` as one flat graph, the layers inside its blocks among the rest.

    A block is a layer made of layers, whose ``call`` can be followed: a residual block, a network within the network.
    One whose ``call`` computes otherwise, or that has weights of its own beside those of its layers, stays one layer.

    Args:
        model: built, of one input and one output; its weights need not be there, as in a ``tf.Graph``.
    """
    graph = _Graph()
    image = graph.new_slot()
    (result,) = graph.follow("", [(model.inputs[0], image)], model.outputs)
    return Unfolded(tuple(model.inputs[0].shape[1:]), image, tuple(graph.steps), result)


class _Graph:
    """A flat graph in the making."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._slots = 0
        self._paths: set[str] = set()
        self._seen: set[int] = set()

    def new_slot(self) -> Slot:
        self._slots += 1
        return Slot(self._slots - 1)

    def follow(self, prefix: str, inputs: Iterable[tuple[Any, Slot]], outputs: list[Any]) -> list[Slot]:
        """Take up all that leads from ``inputs``, symbolic tensors, to ``outputs``; gives where these come out."""
        known = {id(tensor): slot for tensor, slot in inputs}
        for node in _in_order(outputs, known):
            args, kwargs = (_replaced(part, known) for part in (node.arguments.args, node.arguments.kwargs))
            given = self._enter(prefix, node, args, kwargs, [known[id(tensor)] for tensor in node.input_tensors])
            known |= {id(tensor): slot for tensor, slot in zip(node.outputs, given, strict=True)}
        return [known[id(tensor)] for tensor in outputs]

    def _enter(
        self, prefix: str, node: Any, args: tuple[Any, ...], kwargs: dict[str, Any], taken: list[Slot]
    ) -> list[Slot]:
        """Take up one call of a layer: what is inside it if that can be followed, or else the layer itself."""
        layer = node.operation
        path = self._path(prefix, layer)
        if is_block(layer) and (inside := _inside(layer, node)):
            return self.follow(f"{path}/", list(zip(inside[0], taken, strict=True)), inside[1])
        slots = [self.new_slot() for _ in node.outputs]
        shape = tuple(node.outputs[0].shape[1:])
        self.steps.append(Step(path, layer, args, kwargs, tuple(slots), shape, id(layer) not in self._seen))
        self._seen.add(id(layer))
        return slots

    def _path(self, prefix: str, layer: keras.Operation) -> str:
        """A path that no other step has. An operation's own name counts all that were ever made, and is left out."""
        name = layer.name if isinstance(layer, keras.Layer) else type(layer).__name__.lower()
        path, count = f"{prefix}{name}", 1
        while path in self._paths:
            count += 1
            path = f"{prefix}{name}_{count}"
        self._paths.add(path)
        return path


def is_block(layer: keras.Operation) -> bool:
    """Whether ``layer`` is made of layers; a layer of Keras itself is one thing, whatever it uses."""
    stock = type(layer).__module__.startswith("keras.") and not isinstance(layer, keras.Model)
    return isinstance(layer, keras.Layer) and not stock and bool(layer._flatten_layers(include_self=False))


def _inside(block: keras.Layer, node: Any) -> tuple[list[Any], list[Any]] | None:
    """Symbolic inputs and outputs of what ``block`` does in ``node``; ``None`` where it cannot be followed."""
    if isinstance(block, keras.Model) and getattr(block, "inputs", None):
        return list(block.inputs), list(block.outputs)
    inputs = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype) for tensor in node.input_tensors]
    fresh = {id(tensor): one for tensor, one in zip(node.input_tensors, inputs, strict=True)}
    args, kwargs = (_replaced(part, fresh) for part in (node.arguments.args, node.arguments.kwargs))
    try:
        outputs = keras.tree.flatten(block.call(*args, **kwargs))
        inner = {id(one.operation): one.operation for one in _in_order(outputs, {id(x): x for x in inputs})}
    except Exception:  # a student's block may compute with anything in its call
        return None
    counted = sum(one.count_params() for one in inner.values() if isinstance(one, keras.Layer))
    return (inputs, outputs) if counted == block.count_params() else None


def _in_order(outputs: list[Any], known: Mapping[int, Any]) -> list[Any]:
    """Keras' nodes that lead from the tensors ``known`` (by id) to ``outputs``, each after those that it needs."""
    ordered: dict[int, Any] = {}
    waiting = [tensor for tensor in reversed(outputs) if id(tensor) not in known]
    while waiting:
        history = waiting[-1]._keras_history
        node = history.operation._inbound_nodes[history.node_index]
        if id(node) in ordered:
            waiting.pop()
            continue
        needed = [tensor for tensor in node.input_tensors if id(tensor) not in known and not _is_made(tensor, ordered)]
        if not node.input_tensors:
            raise ValueError("Expected a graph that starts at its inputs.")
        if needed:
            waiting += reversed(needed)
        else:
            ordered[id(node)] = node
            waiting.pop()
    return list(ordered.values())


def _is_made(tensor: Any, ordered: Mapping[int, Any]) -> bool:
    history = tensor._keras_history
    return id(history.operation._inbound_nodes[history.node_index]) in ordered


def _replaced(structure: Any, places: Mapping[int, Any]) -> Any:
    """``structure`` with what ``places`` has for a symbolic tensor's id in its place."""
    return keras.tree.map_structure(lambda leaf: places.get(id(leaf), leaf), structure)


def _filled(structure: Any, values: Mapping[Slot, Any]) -> Any:
    """``structure`` with the value of each slot in its place."""
    return keras.tree.map_structure(lambda leaf: values[leaf] if isinstance(leaf, Slot) else leaf, structure)


def maps_at(model: keras.Model, path: str, image: np.ndarray) -> np.ndarray:
    """What the layer at ``path`` makes of ``image``: float32, (rows, columns, maps); or (units,) behind the maps.

    Args:
        model: with its weights.
        path: of a layer, also inside a block, as ``unfold`` names it.
        image: float32, (height, width, channels), in [0, 1].

    Raises:
        CnnprojError: where there is no such layer.
    """
    unfolded = unfold(model)
    wanted = unfolded.step(path)
    found = next(value for step, value in unfolded.values(image[None]) if step is wanted)
    values: np.ndarray = np.asarray(found, np.float32)[0]
    return values
