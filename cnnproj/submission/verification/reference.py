"""The assistant's own copies of the images, stored as a submission's settings ask for, and matched with its images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import pandas as pd
from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field

from cnnproj.data.audit import PAIRS, Audit, audit_source, load_audit
from cnnproj.data.sources import open_source
from cnnproj.errors import CnnprojError
from cnnproj.run import fingerprint
from cnnproj.segmentation.encoding import MOST_CLASSES
from cnnproj.segmentation.images import audit_masked
from cnnproj.segmentation.sources import MaskedSource, open_masked
from cnnproj.settings import ValueInMasks
from cnnproj.submission.finding import Unchecked
from cnnproj.submission.opening.limits import Unreadable
from cnnproj.submission.opening.schemas import Name
from cnnproj.tasks import Task

if TYPE_CHECKING:
    from cnnproj.data.sources.source import Source
    from cnnproj.submission.opening.opened import Submission

TASKS: tuple[Task, ...] = get_args(Task)
MOST_BYTES = 16 << 30  # of the pixels of one copy: 100,000 images of 224×224 in colour
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
_VERSION = 2  # raise it when the same settings come to another copy


class WantedMasks(BaseModel):
    """How the masks of a segmentation are read: see ``open_masked``; by what they hold where nothing is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    classes: Annotated[tuple[Name, ...], Field(max_length=MOST_CLASSES)] = ()
    colors: Annotated[dict[Name, Color], Field(max_length=MOST_CLASSES)] = {}
    ignore: ValueInMasks | None = None


class Wanted(BaseModel):
    """How the images must be stored for a submission; as plain values, to be handed from one process to another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: tuple[Annotated[int, Field(ge=8, le=1024)], Annotated[int, Field(ge=8, le=1024)]]
    resize: Literal["stretch", "pad", "crop"]
    color: Literal["auto", "gray", "rgb"]
    near_duplicates: bool
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    masks: WantedMasks | None = None

    @property
    def task(self) -> Task:
        """Whose images these are: with a class each, or with a mask."""
        return "classification" if self.masks is None else "segmentation"

    @property
    def stored(self) -> dict[str, Any]:
        """How the images themselves are stored, as what audits them takes it."""
        return self.model_dump(exclude={"seed", "masks"})


def wanted(submission: Submission) -> Wanted:
    """How ``submission`` asks for its images: with as many channels as its networks take, whatever else there may be.

    Raises:
        Unreadable: where its settings cannot be read.
    """
    settings = submission.settings
    data, masks = settings.data, settings.segmentation
    try:
        channels = {recipe.shape[2] for recipe in submission.recipes.values()}
    except Unreadable:  # the checks that need them tell
        channels = set()
    color = data.color if len(channels) != 1 else "gray" if channels == {1} else "rgb"
    return Wanted(
        size=data.size,
        resize=data.resize,
        color=color,
        near_duplicates=data.near_duplicates,
        seed=settings.project.seed,
        masks=WantedMasks(classes=masks.classes, colors=masks.colors, ignore=data.ignore)
        if submission.task == "segmentation"
        else None,
    )


def prepare(sources: Sequence[str], wanted: Wanted, cache: Path) -> list[Path]:
    """Audit each of ``sources`` as it is ``wanted`` into a folder of ``cache``, unless it stands there already.

    Those that are of the other task (images without masks, or with them) are passed over, if any is left.

    For the process that is trusted: it reads the assistant's own files. Several may ask at once.

    Args:
        sources: as ``data.source`` in project.toml has them; paths start from the working directory.
        wanted: how the images are stored.
        cache: where the copies are kept.

    Returns:
        The folder of each.

    Raises:
        Unchecked: where the copy would take more than ``MOST_BYTES``.
        CnnprojError: where no source can be opened, or one has no images that can be used.
    """
    opened, faults = [], []
    for name in sources:
        try:
            opened.append(_open(name, wanted))
        except CnnprojError as fault:
            if not any(_opens(name, task) for task in TASKS):
                raise
            faults.append(fault)
    if not opened and faults:
        raise faults[0]
    return [_prepare(source, wanted, cache) for source in opened]


def fingerprint_of(name: str) -> str:
    """A digest of the images that the source ``name`` has, for whichever task it is.

    Raises:
        CnnprojError: where it is not there, or not what a source of any task must be.
    """
    found = [source.fingerprint for task in TASKS if (source := _opens(name, task)) is not None]
    if not found:
        open_source(name, Path.cwd(), seed=0)  # says why
    return fingerprint(found)


def _opens(name: str, task: Task) -> Source | None:
    """The source ``name``, where it is one of ``task``."""
    try:
        if task == "segmentation":
            return open_masked(name, Path.cwd(), seed=0)
        return open_source(name, Path.cwd(), seed=0)
    except CnnprojError:
        return None


def _open(name: str, wanted: Wanted) -> Source:
    if wanted.masks is None:
        return open_source(name, Path.cwd(), seed=wanted.seed)
    given = wanted.masks
    return open_masked(
        name, Path.cwd(), seed=wanted.seed, names=given.classes, colors=given.colors, ignore=given.ignore
    )


def _prepare(source: Source, wanted: Wanted, cache: Path) -> Path:
    height, width = wanted.size
    if (size := len(source.table) * height * width * 3) > MOST_BYTES:
        known = {"source": source.name, "height": height, "width": width}
        raise Unchecked("verification.unchecked.copy_too_large", **known, size=size >> 30, most=MOST_BYTES >> 30)
    settings = wanted.model_dump(exclude={"seed"})
    folder = cache / fingerprint([_VERSION, source.fingerprint, list(source.passed_over), settings])
    threads = os.cpu_count() or 1
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{folder.name}.lock"):
        if not (folder / PAIRS).is_file():  # it is written last
            if isinstance(source, MaskedSource):
                audit_masked(source, folder, **wanted.stored, threads=threads)
            else:
                audit_source(source, folder, **wanted.stored, threads=threads)
    return folder


@dataclass(frozen=True)
class Copy:
    """The copy of the images that a submission's images are in, as far as they are.

    Attributes:
        audit: of the copy.
        places: for each row of the submission's ``data/found.csv``, its row in ``audit.images``, or -1.
        same: for each, whether every pixel is the same; where it is not, path and size are.
    """

    audit: Audit
    places: np.ndarray
    same: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """For each row of ``data/found.csv`` the row of the copy's pixels, or -1."""
        rows = self.audit.images["row"].to_numpy()
        found: np.ndarray = np.where(self.places >= 0, rows[self.places], -1)
        return found

    @property
    def holds_all(self) -> bool:
        """Whether the copy has every readable image of the submission, pixel for pixel, and no other."""
        found = self.places[self.places >= 0]
        return bool(self.same.all()) and len(np.unique(found)) == len(self.audit.readable)


def find_copy(found: pd.DataFrame, folders: Sequence[Path]) -> Copy | None:
    """Of the copies in ``folders`` the one with most of the images in ``found``; none where no copy has any."""
    copies = [_matched(found, load_audit(folder)) for folder in folders]
    best = max(copies, key=lambda copy: (int(copy.same.sum()), int((copy.places >= 0).sum())), default=None)
    return best if best is not None and (best.places >= 0).any() else None


def _matched(found: pd.DataFrame, audit: Audit) -> Copy:
    """By path and content; else by content, the first image with it; else by folder, name and size alone."""
    images = audit.images
    columns = ["image", "content", "width", "height", "row"]
    both: dict[tuple[str, str], int] = {}
    first: dict[str, int] = {}
    tails: dict[tuple[str, int, int], int] = {}
    for place, (image, content, width, height, stored) in enumerate(images[columns].itertuples(index=False, name=None)):
        if stored >= 0:
            both[image, content] = place
            first.setdefault(content, place)
            key = (_tail(image), width, height)
            tails[key] = -1 if key in tails else place  # not by a name that two images have
    places, same = np.full(len(found), -1), np.zeros(len(found), bool)
    for row, (image, content, width, height, stored) in enumerate(found[columns].itertuples(index=False, name=None)):
        if stored < 0:
            same[row] = True  # nothing to find
            continue
        place = both.get((image, content), first.get(content, -1))
        same[row] = place >= 0
        places[row] = place if place >= 0 else tails.get((_tail(image), width, height), -1)
    return Copy(audit, places, same)


def _tail(path: str) -> str:
    """The last folder and the name: what stands before them differs from copy to copy."""
    return "/".join(path.split("/")[-2:])
