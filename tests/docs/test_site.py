"""The site is built without a warning, and its pages fetch nothing from another host."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import cnnproj

from .pages import PAGES, ROOT

pytest.importorskip("mkdocs", reason="the documentation is built with: pip install -e '.[docs]'")
pytest.importorskip("material")
pytest.importorskip("mkdocstrings_handlers.python")

ELSEWHERE = re.compile(r"(https?:)?//")
LOADS = {"href": {"link"}, "src": {"script", "img", "iframe", "source", "video", "audio", "embed"}, "data": {"object"}}


class Fetched(HTMLParser):
    """All that a browser fetches for a page by itself, other than what a reader clicks on."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.language = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        self.addresses += [given[name] or "" for name, tags in LOADS.items() if tag in tags and name in given]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    assert "WARNING" not in built.stdout + built.stderr
    return folder


def read(page: Path) -> Fetched:
    fetched = Fetched()
    fetched.feed(page.read_text(encoding="utf-8"))
    return fetched


def test_every_page_is_there(site):
    for page in PAGES[1:]:
        assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()


def test_nothing_is_fetched_from_another_host(site):
    fetched = {address for page in site.rglob("*.html") for address in read(page).addresses}

    assert fetched
    assert [address for address in fetched if ELSEWHERE.match(address)] == []
    styles = [path.read_text(encoding="utf-8") for path in [*site.rglob("*.css"), *site.rglob("*.html")]]
    assert [
        found for style in styles for found in re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)]*", style)
    ] == []
    # The theme's script fetches the drawing of diagrams from another host, where there is one to draw.
    assert [page for page in site.rglob("*.html") if 'class="mermaid"' in page.read_text(encoding="utf-8")] == []


def test_spanish_pages_say_that_they_are(site):
    languages = {page.relative_to(site).as_posix(): read(page).language for page in site.rglob("*.html")}

    assert {name for name, language in languages.items() if language == "es"} == {
        name for name in languages if name.startswith("es/")
    }
    assert languages["index.html"] == "en"


def test_the_reference_has_every_public_name(site):
    text = "".join(page.read_text(encoding="utf-8") for page in (site / "reference").glob("*.html"))
    for name in cnnproj.__all__:
        public = getattr(cnnproj, name)
        home = f"{public.__module__}.{public.__qualname__}" if hasattr(public, "__qualname__") else public.__name__
        assert f'id="{home}"' in text
