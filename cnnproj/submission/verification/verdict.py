"""The verdict on a submission: what each check came to, as one JSON file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from cnnproj import __version__
from cnnproj.files import write_text
from cnnproj.submission.finding import CHECKS, REPRODUCIBLE, Level, Result, State, Whose

Outcome = Literal["verified", "discrepancies", "unchecked"]
EXIT_CODES: Mapping[Outcome, int] = {"verified": 0, "discrepancies": 1, "unchecked": 2}
# Without these nothing is verified. The others may rest on what only the student has: the training images, say.
ESSENTIAL = ("contents", "record", "data", "split", "weights", "choice", "test_openings", "predictions", "scores")
MOST_PROSE = 100_000  # letters
Share = Annotated[float, Field(ge=0, le=1)]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(_Record):
    """One finding, in words.

    Attributes:
        level: see ``Finding``.
        code: the key of its sentence, the same in every language.
        sentence: what was found.
        where, claimed, found: the place, what stands there, and what should; empty where there is no such thing.
    """

    level: Level
    code: str
    sentence: str
    where: str = ""
    claimed: str = ""
    found: str = ""


class Checked(_Record):
    """What one check came to: see ``Result``."""

    check: str
    state: State
    findings: tuple[Told, ...] = ()
    reason: str = ""
    compared: int = 0
    difference: float = 0.0


class Facts(_Record):
    """By what submissions of a class are compared.

    Attributes:
        settings: a digest of all that decides the numbers of the run.
        seed: of the project.
        weights, predictions, trials: a digest for each network.
        prose: what the student wrote.
    """

    settings: str
    seed: int
    weights: dict[str, str]
    predictions: dict[str, str]
    trials: dict[str, str]
    prose: Annotated[str, Field(max_length=MOST_PROSE)]


class Verdict(_Record):
    """What a check of a submission came to.

    Attributes:
        version: of this layout.
        cnnproj: the version that checked.
        file: the name of the zip.
        digest: the SHA-256 of its bytes; empty where it could not be read.
        name: of the run.
        authors: who handed it in, as they say.
        language: of the project; empty for that of whoever reads.
        models: the networks, in order.
        best: the one that is said to be best.
        score: what networks are measured by: their accuracy on the test images, or their Dice.
        claimed: of each network the score that is claimed.
        claimed_intervals: its 95 % interval, low and high, as it is claimed; none where there is none.
        found: … and the one that was found, where it could be asked again.
        n: how many test images they are said to be of.
        whose_images: of whom the test images were: the assistant's copy (``reference``), the submission's own
            (``packed``), some of each (``both``), or nobody's.
        environment_of_run: what the run says it was made with.
        environment_of_check: what it was checked with.
        results: of every check, in order.
        outcome: ``discrepancies`` where something is not as claimed or is missing; else ``unchecked`` where an
            essential check could not be done; else ``verified``.
        refused: why nothing was checked at all, in words.
        facts: for comparing submissions; none where they could not be read.
    """

    version: Literal[1] = 1
    cnnproj: str = __version__
    file: str
    digest: str = ""
    name: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    models: tuple[str, ...] = ()
    best: str = ""
    score: Literal["accuracy", "dice"] = "accuracy"
    claimed: dict[str, Share] = {}
    claimed_intervals: dict[str, tuple[Share | None, Share | None]] = {}
    found: dict[str, Share] = {}
    n: Annotated[int, Field(ge=0)] = 0
    whose_images: Whose = "none"
    environment_of_run: dict[str, str | int] = {}
    environment_of_check: dict[str, str | int] = {}
    results: tuple[Checked, ...] = ()
    outcome: Outcome
    refused: str = ""
    facts: Facts | None = None

    @property
    def exit_code(self) -> int:
        """0 where it is verified, 1 where there are discrepancies, 2 where it could not be checked."""
        return EXIT_CODES[self.outcome]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        write_text(path, self.model_dump_json(indent=2) + "\n")


def refusal(path: Path, reason: str, digest: str = "") -> Verdict:
    """The verdict on the zip at ``path`` that could not be opened, or whose check did not come to an end."""
    states: dict[str, State] = {check: "not_asked" if check in REPRODUCIBLE else "unchecked" for check in CHECKS}
    results = tuple(Checked(check=check, state=state) for check, state in states.items())
    return Verdict(file=path.name, digest=digest, results=results, outcome="unchecked", refused=reason)


def outcome_of(results: Sequence[Result]) -> Outcome:
    """See ``Verdict.outcome``."""
    if any(result.state == "failed" for result in results):
        return "discrepancies"
    essential = (*ESSENTIAL, *REPRODUCIBLE)  # those that were not asked for are in another state
    return "unchecked" if any(one.state == "unchecked" and one.check in essential for one in results) else "verified"
