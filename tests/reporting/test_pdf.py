"""The PDF is printed by the browser that is there, or a sentence says how to print it."""

import os
import stat
import sys
import time

import pytest

from cnnproj.errors import CnnprojError
from cnnproj.reporting import pdf

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for a browser is a shell script")


@pytest.fixture
def html(tmp_path):
    path = tmp_path / "a report.html"
    path.write_text("<!DOCTYPE html><title>t</title><p>Hello</p>", encoding="utf-8")
    return path


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """Puts a shell script in the place of the browser."""

    def stand_in(script: str):
        path = tmp_path / "bin" / "chromium"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
        return path

    return stand_in


WRITE = (
    'for a in "$@"; do case "$a" in --print-to-pdf=*) printf "%s" "{content}" > "${{a#--print-to-pdf=}}";; esac; done'
)


def refused(html, tmp_path) -> CnnprojError:
    with pytest.raises(CnnprojError) as caught:
        pdf.write_pdf(html, tmp_path / "out" / "report.pdf")
    assert not (tmp_path / "out" / "report.pdf").exists()
    return caught.value


def test_without_a_browser_it_says_how_to_print_by_hand(html, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pdf, "PLACES", ())
    error = refused(html, tmp_path)
    assert error.sentence == "report.no_browser"
    assert str(html) in str(error)
    assert "Ctrl+P" in str(error)


def test_a_browser_in_a_usual_place_is_found(tmp_path, monkeypatch):
    place = tmp_path / "Google Chrome"
    place.touch()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(pdf, "PLACES", (str(tmp_path / "nowhere"), str(place)))
    assert pdf.find_browser() == str(place)


@needs_posix
def test_the_browser_prints_without_a_window_or_the_users_profile(html, tmp_path, browser):
    browser(f'printf "%s\\n" "$@" > {tmp_path}/said; ' + WRITE.format(content="%PDF-1.4"))
    assert pdf.write_pdf(html, tmp_path / "report.pdf").read_bytes() == b"%PDF-1.4"
    said = (tmp_path / "said").read_text().splitlines()
    assert {"--headless", "--disable-background-networking", "--no-pdf-header-footer", html.as_uri()} <= set(said)
    assert ("--no-sandbox" in said) == (os.geteuid() == 0)
    assert any(flag.startswith("--user-data-dir=") for flag in said)


@needs_posix
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo first >&2; echo 'no display' >&2; exit 1", "no display"),
        ("exit 3", "code 3"),
        ("true", "code 0"),
        (WRITE.format(content="<html>"), "code 0"),
    ],
)
def test_a_browser_that_fails_is_told_with_its_reason(html, tmp_path, browser, script, reason):
    path = browser(script)
    error = refused(html, tmp_path)
    assert error.sentence == "report.browser_failed"
    assert all(words in str(error) for words in (reason, str(path), "Ctrl+P"))


@needs_posix
def test_a_browser_that_hangs_is_ended_with_its_helpers(html, tmp_path, browser, monkeypatch):
    monkeypatch.setattr(pdf, "TIMEOUT", 0.5)
    browser(f"(sleep 3; touch {tmp_path}/alive) & sleep 60")
    start = time.monotonic()
    assert "longer than 0.5 seconds" in str(refused(html, tmp_path))
    assert time.monotonic() - start < 2.5
    time.sleep(3)
    assert not (tmp_path / "alive").exists()


@pytest.mark.skipif(pdf.find_browser() is None, reason="no browser here")
def test_a_real_browser_makes_a_pdf(html, tmp_path):
    assert pdf.write_pdf(html, tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
