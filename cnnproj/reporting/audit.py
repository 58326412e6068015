"""What is told of the audit: what came in, what was found, what belongs together, and what was left out for it."""

from __future__ import annotations

from typing import Any

from cnnproj.data.audit import first_of
from cnnproj.data.images import Images
from cnnproj.data.near_duplicates import MOST_DIFFERENCE
from cnnproj.data.sources.source import PASSED_OVER_KINDS
from cnnproj.words import say

MOST_MOVES = 50


def audit_facts(images: Images, near_duplicates: bool) -> dict[str, Any]:
    """The facts and sentences of the audit.

    Args:
        images: of the run.
        near_duplicates: whether they were looked for.
    """
    audit = images.audit
    kinds = [
        {
            "words": say(f"audit.kind.{kind}"),
            "count": len(found),
            "first": first_of(found),
            "advice": audit.advice(kind, found),
        }
        for kind, found in audit.by_kind()
    ]
    sizes = images.table.groupby("cluster").size()
    readable = audit.readable
    used = set(images.table["content"])
    return {
        "came": len(audit.images),
        "unreadable": len(audit.images) - len(readable),
        "passed_over": int(audit.findings["kind"].isin(PASSED_OVER_KINDS).sum() - _unreadable_others(images)),
        "kinds": kinds,
        "formats": ", ".join(
            f"{name} ({count:,})" for name, count in readable["format"].value_counts().items() if name
        ),
        "copies": len(readable) - readable["content"].nunique(),
        "near": len(audit.pairs) if near_duplicates else None,
        "apart": _apart(images, used),
        "bound": f"{MOST_DIFFERENCE:.2f}",
        "clusters": int((sizes > 1).sum()),
        "clustered": int(sizes[sizes > 1].sum()),
        "largest": int(sizes.max()),
        "moves": images.moves.head(MOST_MOVES).to_dict("records"),
        "n_moves": len(images.moves),
    }


def _unreadable_others(images: Images) -> int:
    """How many images of another format have an extension that is read: they are set aside, not passed over."""
    return int((images.audit.images["reason"] == "data.image_other_format").sum())


def _apart(images: Images, used: set[str]) -> int:
    """How many pairs of near duplicates that are both used stand in different clusters."""
    cluster = dict(zip(images.table["content"], images.table["cluster"], strict=True))
    pairs = images.audit.pairs
    both = pairs[pairs["a"].isin(used) & pairs["b"].isin(used)]
    return int((both["a"].map(cluster) != both["b"].map(cluster)).sum())
