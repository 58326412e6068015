"""The pages say what was found, and whatever a stranger writes, they stay text: no script, no request."""

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnproj.reporting.pdf import find_browser
from cnnproj.submission.finding import CHECKS
from cnnproj.submission.grading.pages import Row, class_page, comment, feedback_page, told, verdict_page
from cnnproj.submission.grading.rubric import mark, read_rubric
from cnnproj.submission.grading.similarity import Shared
from cnnproj.submission.verification.verdict import Checked, Facts, Told, Verdict

from ...reporting.page import Page

HOSTILE = (
    "</title></style><script>document.title='owned';fetch('{server}s')</script>"
    "<img src='{server}i' onerror=\"document.title='owned'\"><style>@import '{server}c';</style>"
    "<link rel=stylesheet href={server}l><iframe src={server}f></iframe>"
    '<a href="javascript:0">{{{{ 7 * 7 }}}} & \x1b[2J'
)
RUBRIC = read_rubric(None)


def verdict_of(text: str = "An honest one", **changes: object) -> Verdict:
    """A verdict in which ``text`` stands wherever there can be text."""
    levels = ("discrepancy", "missing", "look", "note")
    findings = tuple(
        Told(level=level, code="x", sentence=text, where=f"{text}.", claimed="0.9", found="0.8") for level in levels
    )
    results = [Checked(check=check, state="passed", compared=1234, difference=4e-7) for check in CHECKS[:-3]]
    results += [
        Checked(check=CHECKS[-3], state="failed", findings=findings),
        Checked(check=CHECKS[-2], state="unchecked", reason=text),
        Checked(check=CHECKS[-1], state="not_asked"),
    ]
    known = {
        "file": f"{text}.zip",
        "digest": "ab" * 32,
        "name": text,
        "authors": (text,),
        "models": (text, "mlp"),
        "best": text,
        "claimed": {text: 0.9876, "mlp": 0.5},
        "found": {text: 0.9766},
        "whose_images": "reference",
        "environment_of_run": {text: text},
        "environment_of_check": {"python": "3.11.7", "threads": 2},
        "results": tuple(results),
        "outcome": "discrepancies",
        "facts": Facts(settings="", seed=7, weights={}, predictions={}, trials={}, prose=text),
    }
    return Verdict.model_validate({**known, **changes})


def marked(verdict: Verdict):
    states = {result.check: result.state for result in verdict.results}
    levels = {result.check: [finding.level for finding in result.findings] for result in verdict.results}
    return mark(states, levels, RUBRIC)


def pages_of(text: str = "An honest one") -> dict[str, str]:
    verdict = verdict_of(text)
    row = Row(text, verdict, marked(verdict), "verdicts/1/verdict.html", "feedback/1.html", notes=(text,))
    similar = [Shared("weights", (0, 1), text, False), Shared("prose", (0, 1), "", False, 0.5)]
    return {
        "verdict": verdict_page(verdict),
        "refused": verdict_page(verdict_of(text, results=(), refused=text, outcome="unchecked")),
        "feedback": feedback_page(text, verdict, marked(verdict), text),
        "class": class_page([row, row], similar, RUBRIC.model_copy(update={"assignment": text}), [text, "B"], [text]),
    }


@pytest.mark.parametrize("name", ["verdict", "refused", "feedback", "class"])
def test_what_a_stranger_writes_stays_text(name):
    text = HOSTILE.format(server="http://127.0.0.1:1/")
    page, honest = (Page(pages_of(words)[name]) for words in (text, "An honest one"))

    assert [tag for tag, _ in page.tags] == [tag for tag, _ in honest.tags]
    assert " ".join(text.split()) in page.text
    assert not {"script", "img", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    addresses = [value for _, known in page.tags for key, value in known.items() if key in ("href", "src", "srcset")]
    assert all(address.startswith(("#", "verdicts/", "feedback/")) for address in addresses)
    assert [key for _, known in page.tags for key in known if key.startswith("on")] == []


@pytest.mark.parametrize("name", ["verdict", "refused", "feedback", "class"])
def test_the_policy_allows_styles_of_its_own_and_nothing_else(name):
    page = Page(pages_of()[name])
    (policy,) = [known["content"] for known in page.all("meta") if known.get("http-equiv")]

    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert page.all("html")[0]["lang"] == "en"


def test_the_verdict_tells_what_was_claimed_found_and_where():
    text = Page(pages_of()["verdict"]).text

    assert [
        part
        for part in ("not in order", "0.988", "0.977", "claimed0.9 found0.8", "1,234", "4.0e-07", "3.11.7")
        if part not in text
    ] == []
    assert "your own copy" in text


def test_what_the_sentence_says_is_not_said_twice():
    told_once = Told(level="look", code="x", sentence="The score is 0.9.", claimed="0.9")
    verdict = verdict_of(results=(Checked(check="scores", state="passed", findings=(told_once,)),))

    assert Page(verdict_page(verdict)).text.count("0.9.") == 1
    assert "<dd>" not in verdict_page(verdict)


def test_the_feedback_adds_up_and_says_that_a_person_decides():
    text = Page(pages_of()["feedback"]).text

    assert "95 / 100" in text
    assert "3 of 3 points" not in text
    assert "2 more points are open" in text
    assert "not a grade yet" in text


def test_the_page_of_the_class_has_a_bar_for_every_place_with_marks():
    verdicts = [
        verdict_of(),
        verdict_of(outcome="verified", results=tuple(Checked(check=c, state="passed") for c in CHECKS)),
    ]
    rows = [Row(f"S{n}", one, marked(one), "v", "f") for n, one in enumerate(verdicts)]
    page = Page(class_page(rows, [], RUBRIC, ["S0", "S1"], []))

    assert len(page.all("rect")) == 2 + 3  # bars, and the legend
    assert "A person decides" in page.text
    assert "Graded" in page.text
    assert "Nothing was found" in page.text


def test_a_class_of_which_nothing_could_be_read_has_a_page_too():
    verdict = verdict_of(results=(), refused="no zip", outcome="unchecked", claimed={}, best="", facts=None)

    assert "0 / 1" in Page(class_page([Row("S", verdict, marked(verdict), "v", "f")], [], RUBRIC, ["S"], [])).text


def test_the_comment_says_the_first_things_and_how_many_more():
    sentences = [Told(level="missing", code="x", sentence=f"No {n}.") for n in range(5)]
    verdict = verdict_of(results=(Checked(check="assignment", state="failed", findings=tuple(sentences)),))

    assert comment(verdict) == "No 0. No 1. No 2. and 2 things more; see the feedback page."
    assert comment(verdict_of(results=(), refused="No zip.")) == "No zip."
    assert "as claimed" in comment(verdict_of(results=(Checked(check="scores", state="passed"),)))


def test_lines_for_a_terminal_cannot_move_its_cursor():
    lines = list(told(verdict_of("a\x1b[2J\rb\x07")))

    assert all(line.isprintable() for line in lines)
    assert len(lines) == 1 + 4 + 1


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback: its address, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/", asked
        running.shutdown()


def browse(path: Path, profile: Path) -> subprocess.CompletedProcess[str]:
    """The page as a browser has it once it is loaded, and what its console says."""
    flags = [
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--enable-logging=stderr",
    ]
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [find_browser() or "", *flags, *sandbox, f"--user-data-dir={profile}", "--dump-dom", path.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)


@pytest.mark.skipif(find_browser() is None, reason="no browser here")
def test_a_browser_runs_nothing_asks_for_nothing_and_complains_of_nothing(tmp_path, server):
    address, asked = server
    for name, html in pages_of(HOSTILE.format(server=address)).items():
        (tmp_path / f"{name}.html").write_text(html, encoding="utf-8")
        seen = browse(tmp_path / f"{name}.html", tmp_path / "profile")

        assert "CONSOLE" not in seen.stderr, name
        assert "<title>owned</title>" not in seen.stdout, name
        assert "</main>" in seen.stdout, name
    assert asked == []


@pytest.mark.skipif(find_browser() is None, reason="no browser here")
def test_this_browser_would_tell(tmp_path, server):
    address, asked = server
    bad = f"<title>t</title><img src='{address}i'><script>document.title='owned';oops</script>"
    (tmp_path / "bad.html").write_text(bad)
    seen = browse(tmp_path / "bad.html", tmp_path / "profile")

    assert "CONSOLE" in seen.stderr
    assert "<title>owned</title>" in seen.stdout
    assert asked == ["/i"]
