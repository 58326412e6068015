"""How long a class takes to grade, what a worker needs, and whether a kill in the middle costs anything.

    python benchmarks/grading.py --submission digits-submission.zip --data digits
    python benchmarks/grading.py --smoke        # makes a small submission of digits itself, and a class of four

The class is COUNT copies (100) of one submission, each with other bytes, so that nothing is found to be done already; a
broken one, one that is no zip and an empty one are among them. It is graded by as many workers as there are processors,
then graded again elsewhere, killed at a third of it and started again.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from cnnproj.submission.grading.examine import FILE, Terms, examine, processors
from cnnproj.submission.grading.sandbox import Worker
from cnnproj.submission.verification.verdict import Verdict

BROKEN = {"Broken_9001_assignsubmission_file_x.zip": 0.5, "Empty_9002_assignsubmission_file_x.zip": 0.0}


def make_submission(folder: Path) -> Path:
    """A submission of digits, trained with the smoke budget; its notebooks are not executed."""
    from cnnproj import __version__
    from cnnproj.files import digest
    from cnnproj.project import Project
    from cnnproj.submission.contents import CONTENTS, SETTINGS, Contents, is_wanted
    from cnnproj.submission.handing_in.pack import pack
    from cnnproj.template import make_project

    made = make_project(folder / "project")
    settings = made / SETTINGS
    settings.write_text(settings.read_text().replace('budget = "full"', 'budget = "smoke"'))
    Project.open(made).run(announce=lambda _: None)
    run = made / "reports" / "digits"
    files = {path.relative_to(run).as_posix(): path for path in sorted(run.rglob("*")) if path.is_file()}
    members = {name: path for name, path in files.items() if is_wanted(name)} | {SETTINGS: settings}
    listed = Contents(cnnproj=__version__, name="digits", files={name: digest(path) for name, path in members.items()})
    pack({**members, CONTENTS: listed.model_dump_json().encode()}, folder / "digits-submission.zip")
    return folder / "digits-submission.zip"


def hand_in(submission: Path, folder: Path, count: int) -> None:
    """A class as Moodle lets it download."""
    folder.mkdir()
    for number in range(count):
        copy = folder / f"Student {number:03}_{5000 + number}_assignsubmission_file_x.zip"
        with zipfile.ZipFile(submission) as archive, zipfile.ZipFile(copy, "w") as made:
            for info in archive.infolist():
                info.date_time = (1990, 1, 1, 0, number // 30, number % 30 * 2)  # the same files, other bytes
                made.writestr(info, archive.read(info.filename))
    whole = submission.read_bytes()
    for name, share in BROKEN.items():
        (folder / name).write_bytes(whole[: int(len(whole) * share)])
    (folder / "Essay_9003_assignsubmission_file_x.pdf").write_bytes(b"%PDF-1.4")


def command(folder: Path, data: str, output: Path) -> list[str]:
    """The command that grades."""
    return [sys.executable, "-m", "cnnproj", "grade", str(folder), "--data", data, "--output", str(output)]


def written(output: Path) -> dict[str, int]:
    """When each verdict was written, in nanoseconds."""
    return {path.parent.name: path.stat().st_mtime_ns for path in output.glob(f"verdicts/*/{FILE}")}


def grade(folder: Path, data: str, output: Path) -> tuple[float, float]:
    """Seconds that grading took by the clock, and of processor time."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(command(folder, data, output), check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


def kill_and_go_on(folder: Path, data: str, output: Path, count: int) -> tuple[int, int]:
    """How many were examined before the kill, and how many of these were examined again."""
    with subprocess.Popen(command(folder, data, output), stdout=subprocess.DEVNULL) as process:
        while len(written(output)) < count // 3 and process.poll() is None:
            time.sleep(0.1)
        os.kill(process.pid, signal.SIGKILL)
    before = written(output)
    grade(folder, data, output)
    after = written(output)
    return len(before), sum(after[key] != stamp for key, stamp in before.items())


def one_worker(submission: Path, data: str, cache: Path, repeats: int) -> tuple[list[float], int, dict[str, bool]]:
    """Seconds of each of some examinations by one worker, its largest memory in bytes, and how it is confined."""
    worker, seconds = Worker(), []
    for _ in range(repeats):
        start = time.perf_counter()
        examine(submission, cache, Terms((data,)), worker)
        seconds.append(time.perf_counter() - start)
    protection = worker.protection
    worker.close()
    return seconds, worker.peak, protection


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submission", type=Path, help="a zip that cnnproj submit made")
    parser.add_argument("--data", default="digits", help="its images; digits unless said otherwise")
    parser.add_argument("--count", type=int, help="how many copies; 100 unless said otherwise")
    parser.add_argument("--smoke", action="store_true", help="a submission made for it, and four copies")
    chosen = parser.parse_args()
    if chosen.submission is None and not chosen.smoke:
        parser.error("--submission ZIP or --smoke is needed")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        submission = chosen.submission or make_submission(work)
        count = chosen.count or (4 if chosen.smoke else 100)
        hand_in(submission, work / "class", count)
        seconds, peak, protection = one_worker(submission, chosen.data, work / "cache", 3)
        took, used = grade(work / "class", chosen.data, work / "once")
        verdicts = [Verdict.model_validate_json(path.read_bytes()) for path in work.glob(f"once/verdicts/*/{FILE}")]
        readable = sum(not verdict.refused for verdict in verdicts)
        before, again = kill_and_go_on(work / "class", chosen.data, work / "killed", count)
        tables = [(work / output / "grades.csv").read_bytes() for output in ("once", "killed")]
        rows = {
            "submissions, three of them broken": f"{count + 3}",
            "could be read": f"{readable}",
            "graded by": f"{processors()} workers",
            "all of them": f"{took:.0f} s ({took / count:.1f} s each)",
            "processor time of each": f"{used / count:.1f} s",
            "one by one worker: the first, the third": f"{seconds[0]:.1f} s, {seconds[-1]:.1f} s",
            "largest memory of a worker": f"{peak / 2**30:.2f} GiB",
            "confined": ", ".join(key for key, holds in protection.items() if holds) or "not at all",
            "killed after": f"{before} of {count + 3}",
            "of these examined again": f"{again}",
            "same table as without a kill": "yes" if tables[0] == tables[1] else "no",
        }
        print("| grading | measured |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows.items()), sep="\n")
        if again or tables[0] != tables[1] or readable != count:
            sys.exit("a kill cost something, or honest submissions could not be read")


if __name__ == "__main__":
    main()
