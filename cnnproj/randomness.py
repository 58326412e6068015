"""One seed in ``project.toml``; every part of a run draws from a stream of its own, derived from it by name."""

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed in [0, 2³²) for the stream called ``names``: the same on every machine and in every order of work."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
