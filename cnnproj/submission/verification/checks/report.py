"""Whether the report says what the verified tables say, in words and in pictures."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html.parser import HTMLParser
from typing import Any

import numpy as np
from PIL import Image

from cnnproj.data.images import load_images
from cnnproj.diagnosis.diagnose import diagnose
from cnnproj.diagnosis.gather import of_training
from cnnproj.diagnosis.probe import load_probe
from cnnproj.evaluation.evaluate import load_evaluation
from cnnproj.interpretation.interpret import load_interpretation
from cnnproj.reporting.pictures import Picture, Plan, plans
from cnnproj.reporting.report import FIGURES, FILE, render
from cnnproj.reporting.results import Results, load_search, load_training
from cnnproj.stages import REPORT
from cnnproj.submission.finding import Finding, Tally, Unchecked
from cnnproj.submission.opening.networks import build_network
from cnnproj.submission.verification import tolerances
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.words import languages, speaking

# The pictures that show scores and cases are drawn again; those of the search and the data would take longer than all
# other checks together.
_DRAWN = ("test_scores", "confusion", "errors", "reliability", "cases")
_WITH_PHOTOS = ("errors", "cases")
_ADDRESS = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Retold:
    """The report as the run's files come to it.

    Attributes:
        plans: of its figures, in order.
        render: gives the page for its pictures.
        drawn: the figures that are drawn again.
        with_photos: those of them that show images.
    """

    plans: Sequence[Plan]
    render: Callable[[Mapping[str, Picture]], str]
    drawn: Sequence[str]
    with_photos: Sequence[str]


def check_report(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the report is what the run's files come to: its words, and the pictures of scores and cases."""
    yield from compare_report(evidence, tally, _retold)


def _retold(evidence: Evidence) -> Retold:
    results = _results(evidence)
    return Retold(list(plans(results)), partial(render, results), _DRAWN, _WITH_PHOTOS)


def compare_report(evidence: Evidence, tally: Tally, retell: Callable[[Evidence], Retold]) -> Iterator[Finding]:
    """See ``check_report``; ``retell`` gives the report in the language in force."""
    submission = evidence.submission
    told = read(submission.report)
    pictures = submission.pictures
    embedded = dict(zip(told.figures, told.pictures, strict=False))
    for name in sorted(embedded):  # what stands in the folder alone is told of by the check of the record
        tally.add(1)
        if pictures.get(name) != embedded[name]:
            yield Finding("discrepancy", "other_picture_inside", {"where": f"{FILE}: {name}"})
    if not evidence.is_of_this_version:
        raise Unchecked("verification.unchecked.other_version", version=submission.contents.cnnproj)
    if told.language not in languages():
        raise Unchecked("verification.unchecked.other_language", language=told.language[:20])
    with speaking(told.language):
        retold = retell(evidence)
        drawings = {plan.name: plan for plan in retold.plans}
        if drawings.keys() != embedded.keys():
            names = {"claimed": ", ".join(sorted(embedded)), "found": ", ".join(sorted(drawings))}
            yield Finding("discrepancy", "other_pictures", {"where": FILE, **names})
            return
        wanted = read(retold.render(_as_they_are(drawings, pictures)))
        yield from _texts_differ(told.text, wanted.text, tally)
        drawn = {name: drawings[name] for name in retold.drawn if name in drawings}
        exact = bool((evidence.tolerances_of("test") < tolerances.PROBABILITY_DECODED).all())
        with_photos = [] if exact else retold.with_photos
        yield from _pictures_differ(drawn, pictures, tally, with_photos)
    yield Finding("note", "pictures_not_drawn", {"n": len(drawings), "drawn": ", ".join(retold.drawn)})


def _as_they_are(drawings: Mapping[str, Plan], pictures: Mapping[str, bytes]) -> dict[str, Picture]:
    """The figures for the report, with the words that they should have and the pictures that they have."""
    return {
        name: Picture(name, number, plan.caption, "", pictures[name], 0, 0)
        for number, (name, plan) in enumerate(drawings.items(), start=1)
    }


def _results(evidence: Evidence) -> Results:
    """All that the report tells, from the submission's files and the pixels that are used."""
    from cnnproj.reporting.preview import SHOWN, VARIANTS, preview, varied_as_in

    submission = evidence.submission
    submission.require("data/*", "models/*", "evaluation/*", "interpretation/*")
    folder, settings = submission.folder, submission.settings
    # Why images are set aside was said in the language of whoever checks when they were read.
    images = replace(evidence.images, set_aside=load_images(folder / "data").set_aside)
    evidence.part("train")
    for model in evidence.networks:  # the report counts them: one that cannot be built is told of, not counted
        build_network(submission, model)
    evaluation = load_evaluation(folder / "evaluation")
    rows = evidence.stored_rows(evaluation.errors["row"])
    models = list(evidence.networks)
    probes = {name: probe for name in models if (probe := load_probe(folder / "models" / name)) is not None}
    return Results(
        **told_of_any_task(evidence),
        images=images,
        preview=preview(images.train, images=SHOWN, **varied_as_in(settings, VARIANTS)),
        trainings={name: load_training(folder / "models" / name) for name in models},
        diagnoses={
            name: diagnose(of_training(folder / "models" / name, probe, images, settings))
            for name, probe in probes.items()
        },
        evaluation=replace(evaluation, errors=evaluation.errors.assign(row=rows)),
        interpretation=load_interpretation(folder / "interpretation", images),
    )


def told_of_any_task(evidence: Evidence) -> dict[str, Any]:
    """Of what the report tells, the settings, the record and the searches."""
    submission, manifest = evidence.submission, evidence.submission.manifest
    before = manifest.stages[REPORT].inputs.keys()  # what was done after the report it cannot tell of
    stages = {name: stage for name, stage in manifest.stages.items() if name in before}
    return {
        "settings": submission.settings,
        "manifest": manifest.model_copy(update={"stages": stages}),
        "searches": {
            name: load_search(name, submission.folder / "models" / name, manifest.stages[f"tune {name}"].inputs)
            for name in evidence.networks
        },
    }


# Words --------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a page says, and the pictures in it: nothing of it is run, loaded or shown.

    Attributes:
        text: its words, in order; what stands in styles and scripts is none of them, except that it is there.
        figures: the names of its figures.
        pictures: their bytes, b"" where they are not inside the page.
        language: of the page.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.figures: list[str] = []
        self.pictures: list[bytes] = []
        self.language = ""
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the figures, and what says nothing."""
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        elif tag == "figure":
            self.figures.append(given.get("id", ""))
        elif tag == "img":
            match = _ADDRESS.fullmatch(given.get("src", ""))
            self.pictures.append(base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)) if match else b"")
        elif tag in ("style", "script"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave what says nothing."""
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        """Keep the words."""
        if not self._within:
            self.text += data.split()
        elif self._within[-1] == "script":
            self.text.append("<script>")


def read(html: str) -> Page:
    """What the page ``html`` says."""
    page = Page()
    page.feed(html)
    page.close()
    return page


def _texts_differ(claimed: list[str], found: list[str], tally: Tally) -> Iterator[Finding]:
    """The first words that are not those that the files come to."""
    tally.add(len(found))
    if claimed == found:
        return
    pairs = zip([*claimed, ""], [*found, ""], strict=False)
    place = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(claimed), len(found)))
    start = max(0, place - 6)
    values = {
        name: " ".join(words[start : place + 6])[:120] for name, words in (("claimed", claimed), ("found", found))
    }
    yield Finding("discrepancy", "other_words", {"where": FILE, **values})


# Pictures -----------------------------------------------------------------------------------------------------------


def _pictures_differ(
    drawings: Mapping[str, Plan], claimed: Mapping[str, bytes], tally: Tally, inexact: Sequence[str]
) -> Iterator[Finding]:
    """Whether pictures are those that the files come to.

    The same libraries draw the same pixels: where one picture is the same to the last pixel, all must be. Others move
    the edges of letters. Those that are ``inexact`` show photos that may be a little different.
    """
    apart = {name: _difference(claimed[name], plan.draw().raster(), tally) for name, plan in drawings.items()}
    allowed = dict.fromkeys(drawings, 0.0 if 0.0 in apart.values() else tolerances.PICTURE)
    allowed |= {name: tolerances.PICTURE for name in inexact if name in drawings}
    for name, difference in apart.items():
        if difference > allowed[name]:
            values = {"where": f"{FIGURES}/{name}.png", "difference": f"{difference:.2g}"}
            yield Finding("discrepancy", "other_picture", values)


def _difference(claimed: bytes, drawn: np.ndarray, tally: Tally) -> float:
    """The mean difference of the pixels, of 255."""
    with Image.open(io.BytesIO(claimed)) as image:
        theirs = np.asarray(image.convert("RGBA"))
    tally.add(drawn.size)
    if theirs.shape != drawn.shape:
        return 255.0
    return 0.0 if np.array_equal(theirs, drawn) else float(np.abs(theirs.astype(np.float32) - drawn).mean())
