"""What belongs together: images that share a name of a group, every pixel, or nearly every pixel.

A shared name and equal pixels are facts and join without limit. That two images look nearly the same is a judgement,
and a chain of such judgements can lead from any photo to any other: a resembles b, b resembles c … So it joins images
only around one of them, their centre, and never two named groups. The pairs that this leaves apart are for the split to
see to.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def units(images: pd.DataFrame) -> pd.Series:
    """The number of each image's unit: equal where ``group`` or ``content`` is shared, however indirectly."""
    from scipy.sparse import coo_array  # here, since a split that is done already is only read
    from scipy.sparse.csgraph import connected_components

    content = pd.factorize(images["content"])[0]
    named = images["group"] != ""
    group = content.max(initial=-1) + 1 + pd.factorize(images["group"].where(named, images["content"]))[0]
    links = coo_array((np.ones(len(images)), (content, group)), shape=(size := group.max(initial=0) + 1, size))
    return pd.Series(connected_components(links, directed=False)[1][content], index=images.index)


def clusters(images: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """The number of each image's cluster: units, and the near duplicates of a unit around it.

    Each unit in turn, those with the most near duplicates first, takes in those of them that are still free, the most
    alike first; of named groups at most one.

    Args:
        images: a row an image, with ``content`` (digest of the pixels) and ``group`` (or "").
        pairs: of near duplicates: ``a`` and ``b`` (contents) and their ``difference``.

    Returns:
        A number for each row of ``images``, the same in whatever order they come, but for the numbering.
    """
    unit = units(images)
    first = images[["content"]].assign(unit=unit).sort_values("content").drop_duplicates("unit").sort_values("unit")
    anchors = dict(zip(first["unit"], first["content"], strict=True))
    named = dict.fromkeys(anchors, False) | dict.fromkeys(unit[images["group"] != ""], True)
    near = unit_pairs(images, unit, pairs)
    neighbours: dict[int, list[tuple[float, str, int]]] = {}
    for one, other, difference in near.itertuples(index=False, name=None):
        neighbours.setdefault(one, []).append((difference, anchors[other], other))
        neighbours.setdefault(other, []).append((difference, anchors[one], one))
    cluster = {number: number for number in anchors}
    free = set(neighbours)
    for centre in sorted(neighbours, key=lambda number: (-len(neighbours[number]), anchors[number])):
        if centre not in free:
            continue
        free.discard(centre)
        has_name = named[centre]
        for _, _, other in sorted(neighbours[centre]):
            if other in free and not (has_name and named[other]):
                free.discard(other)
                cluster[other] = centre
                has_name |= named[other]
    return unit.map(cluster)


def unit_pairs(images: pd.DataFrame, unit: pd.Series, pairs: pd.DataFrame) -> pd.DataFrame:
    """``pairs`` between different units: ``one`` below ``other``, and the least ``difference`` between them."""
    of_content = dict(zip(images["content"], unit, strict=True))
    one, other = pairs["a"].map(of_content), pairs["b"].map(of_content)
    found = pd.DataFrame({"one": np.minimum(one, other), "other": np.maximum(one, other)})
    found["difference"] = pairs["difference"].to_numpy()
    found = found[(found["one"] != found["other"]) & found["one"].notna() & found["other"].notna()]
    least = found.groupby(["one", "other"], sort=True)["difference"].min().reset_index()
    return least.astype({"one": np.int64, "other": np.int64})
