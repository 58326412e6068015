"""The report as a PDF, printed by the Chromium, Chrome or Edge that is there."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from cnnproj.errors import CnnprojError
from cnnproj.files import replacing
from cnnproj.words import say

TIMEOUT = 120  # seconds
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "microsoft-edge-stable",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--no-pdf-header-footer",
)


def find_browser() -> str | None:
    """A browser that prints without a window: on the PATH, or in one of the usual places."""
    on_path = (shutil.which(name) for name in NAMES)
    placed = (place for place in PLACES if Path(place).is_file())
    return next((path for path in (*on_path, *placed) if path), None)


def write_pdf(html: Path, target: Path) -> Path:
    """Print ``html`` to ``target``.

    Returns:
        ``target``.

    Raises:
        CnnprojError: where there is no such browser, or it fails or takes longer than two minutes; it says how to
            print by hand.
    """
    browser = find_browser()
    if browser is None:
        raise CnnprojError("report.no_browser", html=html)
    # A browser's helpers may still write to its profile as it ends.
    with (
        tempfile.TemporaryDirectory(prefix="cnnproj-", ignore_cleanup_errors=True) as profile,
        replacing(target) as partial,
    ):
        reason = _print(browser, html, partial, Path(profile))
        if reason is not None:
            raise CnnprojError("report.browser_failed", browser=browser, html=html, reason=reason)
    return target


def _print(browser: str, html: Path, target: Path, profile: Path) -> str | None:
    """Run ``browser``; why there is no PDF afterwards, or ``None`` where there is one."""
    flags = [*_FLAGS, f"--user-data-dir={profile}", f"--print-to-pdf={target.resolve()}"]
    if sys.platform != "win32" and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium does not start for root with one
    log = profile / "messages.txt"
    with log.open("wb") as messages:
        # A session of its own, so that its helpers can be ended with it.
        process = subprocess.Popen(
            [browser, *flags, html.resolve().as_uri()], stdout=messages, stderr=messages, start_new_session=True
        )
        try:
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            return say("report.too_long", seconds=TIMEOUT)
        finally:
            _end(process)
    if process.returncode == 0 and target.is_file() and target.read_bytes().startswith(b"%PDF"):
        return None
    said = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return said[-1] if said else say("report.exit_code", code=process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a browser that has not ended by itself, and its helpers."""
    if process.poll() is not None:
        return
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
