"""Every link of the README and of docs/ leads somewhere."""

from __future__ import annotations

import pytest

from .pages import PAGES, ROOT, headings, links, name_of


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    lost = []
    for link in links():
        if link.page == page:
            path, _, anchor = link.target.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.is_file() or (anchor and anchor not in headings(target)):
                lost.append(link.target)
            if page.is_relative_to(ROOT / "docs") and not target.is_relative_to(ROOT / "docs"):
                lost.append(f"{link.target}: not on the site")

    assert lost == []


def test_every_page_can_be_reached_from_the_readme_or_the_site():
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

    assert [name_of(page) for page in PAGES[1:] if page.relative_to(ROOT / "docs").as_posix() not in listed] == []
    assert len(PAGES) > 20


def test_every_picture_is_shown():
    shown = {(link.page.parent / link.target).resolve() for link in links()}

    assert [name_of(picture) for picture in (ROOT / "docs").rglob("*.png") if picture not in shown] == []
