"""From an opened submission to its verdict: every check, what is claimed, and by what it is compared with others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from cnnproj.run import fingerprint
from cnnproj.submission.finding import REPRODUCIBLE, Finding, Result, Unchecked
from cnnproj.submission.opening.limits import Unreadable
from cnnproj.submission.opening.opened import Submission
from cnnproj.submission.verification.evidence import Evidence
from cnnproj.submission.verification.verdict import MOST_PROSE, Checked, Facts, Told, Verdict, outcome_of
from cnnproj.submission.verification.verify import evidence_of, verify_evidence


def judge(submission: Submission, references: Sequence[Path], *, retrained: bool = False) -> Verdict:
    """Check ``submission``, and say what it came to.

    Args:
        submission: opened.
        references: see ``verify``.
        retrained: whether the best network is trained again.
    """
    evidence = evidence_of(submission, references)
    results = verify_evidence(evidence)
    if retrained:
        from cnnproj.submission.verification.retrain import retrain_evidence

        results.append(retrain_evidence(evidence))
    else:
        results += [Result(check, "not_asked") for check in REPRODUCIBLE]
    return _verdict(evidence, results)


def _verdict(evidence: Evidence, results: Sequence[Result]) -> Verdict:
    submission = evidence.submission
    known: dict[str, object] = {}
    for take in (_of_settings, _of_manifest, _of_networks, _of_images):
        try:
            known |= take(evidence)
        except (Unreadable, Unchecked):  # a check has told
            continue
    return Verdict(
        file=submission.path.name,
        digest=submission.digest,
        score=evidence.goal.name,
        found=evidence.found,
        environment_of_check=_environment(),
        results=tuple(_checked(result) for result in results),
        outcome=outcome_of(results),
        facts=_facts(evidence),
        **known,  # type: ignore[arg-type]
    )


def _of_settings(evidence: Evidence) -> dict[str, object]:
    project = evidence.submission.settings.project
    return {
        "name": project.name,
        "authors": tuple(author.name for author in project.authors),
        "language": project.language or "",
    }


def _of_manifest(evidence: Evidence) -> dict[str, object]:
    manifest = evidence.submission.manifest
    claimed = evidence.claimed_scores
    return {
        "best": manifest.best_model or "",
        "claimed": {model: score for model, (score, _, _) in claimed.items()},
        "claimed_intervals": {model: interval for model, (_, interval, _) in claimed.items()},
        "n": max((n for _, _, n in claimed.values()), default=0),
        "environment_of_run": manifest.environment,
    }


def _of_networks(evidence: Evidence) -> dict[str, object]:
    return {"models": tuple(evidence.networks)}


def _of_images(evidence: Evidence) -> dict[str, object]:
    return {"whose_images": evidence.whose_images}


def _checked(result: Result) -> Checked:
    return Checked(
        check=result.check,
        state=result.state,
        findings=tuple(_told(finding) for finding in result.findings),
        reason=result.reason,
        compared=result.compared,
        difference=result.difference,
    )


def _told(finding: Finding) -> Told:
    place = {name: str(finding.values.get(name, "")) for name in ("where", "claimed", "found")}
    return Told(level=finding.level, code=finding.sentence, sentence=str(finding), **place)


def _environment() -> dict[str, str | int]:
    import tensorflow as tf

    from cnnproj.runtime import environment

    return environment(tf.config.threading.get_intra_op_parallelism_threads())


def _facts(evidence: Evidence) -> Facts | None:
    submission = evidence.submission
    try:
        settings = submission.settings
        decisive = settings.model_dump(mode="json", exclude={"project": {"title", "group", "authors", "language"}})
        for words in ("name", "discussion", "conclusions"):
            del decisive["project"][words]
        project = settings.project
        return Facts(
            settings=fingerprint(decisive),
            seed=project.seed,
            weights={model: recipe.weights_digest for model, recipe in evidence.networks.items()},
            predictions=evidence.digests,
            trials={model: fingerprint(json.loads(submission.trials(model).to_json())) for model in evidence.networks},
            prose=f"{project.discussion}\n{project.conclusions}"[:MOST_PROSE],
        )
    except Unreadable:
        return None
