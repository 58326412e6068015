"""The README and the pages of docs/, as those see them who follow them word for word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = ("sh", "python", "toml", "text")
# What a command begins with, where it stands within a sentence.
_COMMAND = re.compile(r"!?(cnnproj|python|pip|make|jupyter|mkdocs|optuna-dashboard|git|source) [^\s=]")
_COMMENT = re.compile(r"(^|\s)#.*$")


class Block(NamedTuple):
    """A fenced or indented block: what is said to be in it, and what is."""

    page: str
    language: str
    title: str
    text: str


class Link(NamedTuple):
    """Where a page points to."""

    page: Path
    target: str


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def tokens(page: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(*languages: str) -> list[Block]:
    """All blocks, or those in ``languages``, in the order of the pages."""
    return [block for block in _all_blocks() if not languages or block.language in languages]


def _all_blocks() -> Iterator[Block]:
    for page in PAGES:
        for token in tokens(page):
            if token.type in ("fence", "code_block"):
                language, _, rest = token.info.partition(" ")
                title = re.search(r'title="(.*?)"', rest)
                yield Block(name_of(page), language, title[1] if title else "", token.content)


def commands() -> list[str]:
    """Every command, once: of blocks, of the lines of notebooks that begin with ! or %, and of sentences."""
    found: dict[str, None] = {}
    for block in blocks("sh"):
        found |= dict.fromkeys(_split(block.text.splitlines()))
    for block in blocks("python"):
        found |= dict.fromkeys(_split(line[1:] for line in block.text.splitlines() if line.startswith(("!", "%"))))
    for page in PAGES:
        for token in _inline(page):
            if token.type == "code_inline" and _COMMAND.match(token.content):
                found |= dict.fromkeys(_split([token.content.removeprefix("!")]))
    return list(found)


def _split(lines: Iterator[str] | list[str]) -> Iterator[str]:
    for line in lines:
        for command in _COMMENT.sub("", line).split("&&"):
            if command.strip():
                yield command.strip()


def _inline(page: Path) -> Iterator[Token]:
    for token in tokens(page):
        yield from token.children or ()


def links() -> list[Link]:
    """Every link and picture that is within the project."""
    found = []
    for page in PAGES:
        for token in _inline(page):
            target = token.attrGet("href") or token.attrGet("src")
            if target and not re.match(r"[a-z]+:", str(target)):
                found.append(Link(page, str(target)))
    return found


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as a code host and the site make them."""
    text = page.read_text(encoding="utf-8")
    lines = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-") for line in lines}
