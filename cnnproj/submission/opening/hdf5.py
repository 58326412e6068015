"""A stranger's weights in HDF5: looked through before Keras opens them, for HDF5 can lead anywhere.

A group can be linked from another file, an array can lie in another file or be computed from several, a filter can
unpack a few bytes to gigabytes. What Keras writes has none of that: it is what is let through, and nothing else.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnproj.submission.opening.limits import Limits, Unreadable, shown

if TYPE_CHECKING:
    import h5py
    import keras

_DEEPEST = 16
_ATTRIBUTE_BYTES = 1 << 10
Kind = tuple[tuple[int, ...], str]  # shape and type of an array


def load_checked(model: keras.Model, path: Path, name: str, kinds: Sequence[Kind], limits: Limits) -> None:
    """Load the weights in the file ``name`` at ``path``, in which arrays of these ``kinds`` were found, into ``model``.

    Raises:
        Unreadable: where they are not of the very shapes and types that ``model``, which is built, has.
    """
    expected, found = Counter(_kinds_of(model, limits)), Counter(kinds)
    if expected != found:
        lacking, odd = (sorted((one - other).elements()) for one, other in ((expected, found), (found, expected)))
        raise Unreadable("opened.weights_shapes", file=name, expected=_told(lacking), came=_told(odd))
    try:
        model.load_weights(path)
    except Exception as error:  # arrays of the right shapes below other names: Keras says so in many ways
        raise Unreadable("opened.weights", file=name, reason=shown(error, 200)) from None


def _kinds_of(model: keras.Model, limits: Limits) -> list[Kind]:
    """What Keras itself writes of ``model``."""
    with tempfile.TemporaryDirectory(prefix="cnnproj-") as folder:
        path = Path(folder, "model.weights.h5")
        model.save_weights(path)
        return kinds_of_arrays(path, path.name, limits)


def kinds_of_arrays(path: Path, name: str, limits: Limits) -> list[Kind]:
    """Shape and type of every array in the file ``name`` at ``path``.

    Raises:
        Unreadable: where there is more in it than groups and arrays as Keras writes them, or a number is not finite.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            kinds = []
            for array in _arrays(file, name, limits):
                kinds.append((array.shape, array.dtype.name))
                if not np.isfinite(array[()]).all():  # as long as the file is, at most
                    raise Unreadable("opened.weights_not_finite", file=name, array=shown(array.name))
            return kinds
    except Unreadable:
        raise
    except Exception as error:  # a stranger's bytes make the library raise anything
        raise Unreadable("opened.weights", file=name, reason=shown(error, 200)) from None


def _arrays(file: h5py.File, name: str, limits: Limits) -> Iterator[h5py.Dataset]:
    """Every array in the file, in the order of their paths."""
    import h5py

    left = Path(file.filename).stat().st_size  # arrays can share their bytes; those of Keras do not
    seen: set[int] = set()
    groups: list[tuple[h5py.Group, int]] = [(file["/"], 0)]
    while groups:
        group, depth = groups.pop()
        _require_plain(group, name, limits, seen)
        if depth > _DEEPEST:
            raise Unreadable("opened.weights_object", file=name, object=shown(group.name), what="depth")
        for key in sorted(group):
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise Unreadable("opened.weights_object", file=name, object=shown(key), what=type(link).__name__)
            member = group[key]
            if isinstance(member, h5py.Group):
                groups.append((member, depth + 1))
                continue
            _require_plain(member, name, limits, seen)
            if what := _peculiarity(member):
                raise Unreadable("opened.weights_object", file=name, object=shown(member.name), what=what)
            left -= member.id.get_storage_size()
            if left < 0:
                raise Unreadable("opened.weights_object", file=name, object=shown(member.name), what="overlap")
            yield member


def _require_plain(thing: h5py.Group | h5py.Dataset, name: str, limits: Limits, seen: set[int]) -> None:
    """Refuse what is there twice (a group within itself, say), is one too many, or has odd attributes."""
    import h5py

    address = h5py.h5o.get_info(thing.id).addr
    members = len(thing) if isinstance(thing, h5py.Group) else 0
    what = ""
    if address in seen:
        what = "loop"
    elif len(seen) + members > limits.objects:
        what = "count"
    elif any(_is_odd(thing.attrs.get_id(key)) for key in thing.attrs):
        what = "attribute"
    if what:
        raise Unreadable("opened.weights_object", file=name, object=shown(thing.name), what=what)
    seen.add(address)


def _is_odd(attribute: h5py.h5a.AttrID) -> bool:
    """Whether an attribute is more than one short text, which is all that Keras writes."""
    return attribute.shape != () or attribute.dtype.kind not in "OS" or attribute.get_storage_size() > _ATTRIBUTE_BYTES


def _peculiarity(array: h5py.Dataset) -> str:
    """What is not as Keras writes it; "" where all is."""
    import h5py

    if not isinstance(array, h5py.Dataset):
        return type(array).__name__
    plist = array.id.get_create_plist()
    size = array.dtype.itemsize
    for count in array.shape or ():
        size *= count
    told = {
        "external": plist.get_external_count() > 0,
        "filter": plist.get_nfilters() > 0,
        "layout": plist.get_layout() != h5py.h5d.CONTIGUOUS,
        "type": array.dtype.kind not in "fiu" or array.dtype.names is not None,
        "shape": array.shape is None,
        "storage": array.id.get_storage_size() != size,
    }
    return next((what for what, is_so in told.items() if is_so), "")


def _told(kinds: list[Kind]) -> str:
    return shown(", ".join(f"{dtype} {'×'.join(map(str, shape))}" for shape, dtype in kinds) or "–", 120)
