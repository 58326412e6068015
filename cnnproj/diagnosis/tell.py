"""A diagnosis in lines of text, for a terminal or a notebook."""

from __future__ import annotations

import shutil
import textwrap

from cnnproj.diagnosis.diagnose import Diagnosis
from cnnproj.diagnosis.finding import Finding
from cnnproj.words import say

WIDEST = 100  # characters a line: longer ones are hard to read
INDENT = "  "


def tell(diagnosis: Diagnosis) -> str:
    """The headline, then a paragraph for each finding."""
    return "\n\n".join([_fill(diagnosis.headline), *(_paragraph(finding) for finding in diagnosis.findings)])


def _paragraph(finding: Finding) -> str:
    lines = [f"{finding.name} ({say(f'diagnosis.severity.{finding.severity}')})"]
    if finding.follows:
        lines.append(_fill(say("diagnosis.follows", name=say(f"diagnosis.name.{finding.follows}")), INDENT))
    lines.append(_fill(f"{finding.seen} {finding.meaning}", INDENT))
    lines.append(_fill(f"{say('diagnosis.change')} {finding.change}", INDENT))
    if finding.code:
        lines.append(textwrap.indent(finding.code, 2 * INDENT))
    return "\n".join(lines)


def _fill(text: str, indent: str = "") -> str:
    width = min(WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
