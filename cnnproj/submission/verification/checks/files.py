"""Whether the files are those of the list, and those that the run's record says its stages wrote."""

from __future__ import annotations

from collections.abc import Iterator

from cnnproj.run import MANIFEST, Plain
from cnnproj.stages import AUDIT, DATA, EVALUATE, INTERPRET, REPORT, settings_of_audit
from cnnproj.submission.contents import CONTENTS, SETTINGS, is_wanted
from cnnproj.submission.finding import Finding, Tally
from cnnproj.submission.verification.evidence import Evidence

# Whose value another version of cnnproj may give otherwise for the same work.
_OF_VERSION = ("network", "way of training", "way of interpreting")
# What depends on who asks: the student's own files, the language of their system, their words.
_NOT_COMPARED = {AUDIT: ("images", "other files"), REPORT: ("language", "settings")}


def check_contents(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether the zip holds what its list says, and each file is what it must be."""
    submission = evidence.submission
    listed = submission.contents.files
    for name in sorted(listed.keys() | (submission.files.keys() - {CONTENTS})):
        tally.add(1)
        if name not in submission.files:
            yield Finding("discrepancy", "not_in_zip", {"where": name})
        elif name not in listed:
            yield Finding("discrepancy", "not_listed", {"where": name})
        elif listed[name] != submission.files[name]:
            yield Finding("discrepancy", "other_file", {"where": name, **_both(listed[name], submission.files[name])})
    names = {CONTENTS: submission.contents.name, MANIFEST: submission.manifest.name}
    for where, name in names.items():
        if name != (wanted := submission.settings.project.name):
            yield Finding("discrepancy", "other_name", {"where": where, "claimed": name, "found": wanted})
    for fault in submission.faults:
        yield Finding("missing", "unreadable", {"reason": str(fault)})
    for note in submission.notes:
        yield Finding("note", "forgiven", {"what": note})


def check_record(evidence: Evidence, tally: Tally) -> Iterator[Finding]:
    """Whether each stage has written the files that there are, with the settings and files that there are."""
    submission = evidence.submission
    submission.require("models/*", "data/*.json")
    manifest, settings = submission.manifest, submission.settings
    needed = [f"{kind} {model}" for model in evidence.networks for kind in ("tune", "train")]
    for stage in [AUDIT, DATA, *needed, EVALUATE, INTERPRET, REPORT]:
        if stage not in manifest.stages:
            yield Finding("missing", "stage_not_done", {"stage": stage})
    written: set[str] = set()
    for stage, record in manifest.stages.items():
        written |= record.outputs.keys()
        beside = _is_beside(evidence, stage)
        for path, digest in record.outputs.items():
            tally.add(1)
            if path in submission.files and submission.files[path] != digest:
                both = _both(digest, submission.files[path])
                yield Finding("discrepancy", "other_output", {"where": path, "stage": stage, **both})
            elif path not in submission.files and is_wanted(path) and not beside:
                yield Finding("missing", "output_missing", {"where": path, "stage": stage})
        yield from _inputs(evidence, stage, record.inputs, tally)
    for path in sorted(submission.files.keys() - written):
        if path.startswith(("data/", "models/", "evaluation/", "interpretation/", "figures/")) and path[-11:] != (
            "failed.json"
        ):
            yield Finding("look", "nobody_wrote", {"where": path})
    if manifest.settings and manifest.settings != settings.model_dump(mode="json") and evidence.is_of_this_version:
        yield Finding("look", "settings_changed", {"where": SETTINGS})


def _is_beside(evidence: Evidence, stage: str) -> bool:
    """Whether ``stage`` is of a network of cnnproj's own that was trained beside the project's: it is not handed in."""
    kind, _, model = stage.partition(" ")
    network = evidence.architectures.get(model)
    ours = network is not None and network.ours
    return kind in ("tune", "train") and ours and model not in evidence.submission.settings.models


def _inputs(evidence: Evidence, stage: str, recorded: dict[str, Plain], tally: Tally) -> Iterator[Finding]:
    """Whether a stage was done with what is there now."""
    kind, _, model = stage.partition(" ")
    if kind not in ("tune", "train", AUDIT, DATA, EVALUATE, INTERPRET, REPORT) or (
        kind in ("tune", "train") and model not in evidence.networks
    ):
        return
    if stage == AUDIT:
        now: dict[str, Plain] = settings_of_audit(evidence.submission.settings)
    elif stage == REPORT:
        # Stages that were done after the report are none of its inputs.
        digests = evidence.run.output_digest
        now = {name: digests(name) for name in recorded if name in evidence.submission.manifest.stages}
    else:
        now = evidence.stages.inputs(stage)
    for key in sorted(recorded.keys() | now.keys()):
        if key in _NOT_COMPARED.get(stage, ()):
            continue
        tally.add(1)
        if recorded.get(key) == now.get(key):
            continue
        values = {"where": MANIFEST, "stage": stage, "key": key, **_both(recorded.get(key), now.get(key))}
        if key in _OF_VERSION or not evidence.is_of_this_version:
            yield Finding("look", "input_of_version", values)
        else:
            yield Finding("discrepancy", "other_input", values)


def _both(claimed: Plain, found: Plain) -> dict[str, Plain]:
    return {"claimed": _short(claimed), "found": _short(found)}


def _short(value: Plain) -> Plain:
    return "–" if value is None else value[:60] if isinstance(value, str) else value
