"""Training that waits for its images, or for a graphics card."""

from __future__ import annotations

from cnnproj.diagnosis.evidence import Evidence
from cnnproj.diagnosis.finding import Finding, Setting
from cnnproj.words import say

WAITING = 0.1  # of the time
NOTICED = 1.0  # seconds of waiting that anybody would notice
LONG = 600.0  # seconds of a training


def waiting_for_data(evidence: Evidence) -> Finding | None:
    """The network stood still while its images were made."""
    history = evidence.history
    if "waited" not in history or not len(history):
        return None
    waited, total = float(history["waited"].sum()), float(history["seconds"].sum())
    if waited < max(NOTICED, WAITING * total):
        return None
    machine, threads = evidence.probe.machine, evidence.settings.training.threads
    seen = say("diagnosis.seen.waiting", share=f"{waited / total:.0%}", seconds=f"{waited:.0f}", total=f"{total:.0f}")
    settings: dict[str, Setting] = {"training.threads": machine.cores} if machine.cores > threads else {}
    return Finding("waiting_for_data", "warning", seen, say("diagnosis.change.waiting"), settings)


def no_gpu(evidence: Evidence) -> Finding | None:
    """Training took, or would take, long on the processor alone."""
    machine, history = evidence.probe.machine, evidence.history
    if machine.gpus or not len(history):
        return None
    seconds = float(history["seconds"].mean()) * evidence.epochs
    if seconds < LONG:
        return None
    minutes = round(seconds / 60)
    if machine.idle_card:
        seen = say("diagnosis.seen.idle_gpu", n=minutes, card=machine.idle_card)
        return Finding("no_gpu", "warning", seen, say("diagnosis.change.idle_gpu"))
    seen = say("diagnosis.seen.no_gpu", n=minutes)
    return Finding("no_gpu", "warning", seen, say("diagnosis.change.no_gpu"))
