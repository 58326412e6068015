"""A project in Spanish: everything that is said of it is, and it is verified by whoever speaks another language."""

import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from cnnproj import words
from cnnproj.project import Project
from cnnproj.settings_file import read_settings
from cnnproj.submission.verification.verify import verify_evidence
from cnnproj.words import catalogue, speaking

from .conftest import cnnproj
from .submission.conftest import copies as copies
from .submission.verification.judging import evidence_of, honest_members


@pytest.fixture
def english_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")
    monkeypatch.setattr(words, "_insisted", False)


@pytest.fixture
def spanish(finished: Path, tmp_path: Path) -> Path:
    """The finished project, whose owner has changed its language."""
    folder = Path(shutil.copytree(finished, tmp_path / "project", symlinks=True))
    settings = folder / "project.toml"
    settings.write_text(settings.read_text().replace('name = "tiny"', 'name = "tiny"\nlanguage = "es"'))
    return folder


def text_of(page: Path) -> str:
    html = re.sub(r'(?s)<style>.*?</style>|src="data:.*?"', "", page.read_text(encoding="utf-8"))
    alternatives = re.findall(r'(?:alt|aria-label)="(.*?)"', html)
    return " ".join(unescape(re.sub("<[^>]+>", " ", " ".join([html, *alternatives]))).split())


def fixed_parts(code: str) -> set[str]:
    """What stands in the sentences of a language between their gaps, as far as it is long enough to tell."""
    entries = [
        text for entry in catalogue(code).values() for text in (entry.values() if isinstance(entry, dict) else [entry])
    ]
    parts = {" ".join(part.split()) for text in entries for part in re.split("{.*?}", text)}
    return {part for part in parts if len(part) > 12 and " " in part}


def test_its_report_is_spanish_throughout_and_verified(spanish, finished, copies, tmp_path, english_afterwards):
    project = Project.open(spanish)
    assert [status.stage for status in project.status() if status.state != "done"] == ["report"]

    page = project.report()

    words.prefer_language("en")
    assert '<html lang="es">' in page.read_text(encoding="utf-8")
    text = text_of(page)
    assert "Resultados de prueba" in text
    assert {part for part in fixed_parts("en") - fixed_parts("es") if part in text} == set()
    patterns = (finished / "data" / "patterns").resolve()
    with evidence_of(honest_members(spanish), [patterns], tmp_path, copies) as evidence:
        results = verify_evidence(evidence)
    assert [str(one) for result in results if result.state != "passed" for one in result.findings] == []


def test_its_commands_speak_spanish(spanish):
    told = cnnproj("status", cwd=spanish)
    refused = cnnproj("trials", "nada", cwd=spanish)

    assert "desactualizada" in told.stdout
    assert "el idioma: era en y ahora es es" in " ".join(told.stdout.split())
    assert refused.returncode == 2
    assert refused.stderr.startswith("No existe el modelo «nada».")


def test_a_mistake_in_its_settings_is_told_in_spanish(spanish):
    settings = spanish / "project.toml"
    settings.write_text(settings.read_text().replace("seed = 3", "sead = 3"))

    told = cnnproj("status", cwd=spanish)

    assert told.returncode == 2
    assert "no existe la clave «project.sead». ¿Quisiste decir «seed»?" in told.stderr


@pytest.mark.parametrize("environment", [{"LC_ALL": "es_CL.UTF-8"}, {"LC_ALL": "", "LANG": "es_ES.UTF-8"}])
def test_a_spanish_system_makes_spanish_projects(tmp_path, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    made = subprocess.run(
        [sys.executable, "-m", "cnnproj", "new", "mi_proyecto"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert made.returncode == 0, made.stderr
    assert "Se creó" in made.stdout
    assert read_settings(tmp_path / "mi_proyecto" / "project.toml").project.language == "es"


def test_a_new_project_can_be_asked_for_in_spanish(tmp_path):
    made = cnnproj("new", "mi_proyecto", "--language", "es", cwd=tmp_path)

    assert made.returncode == 0, made.stderr
    assert read_settings(tmp_path / "mi_proyecto" / "project.toml").project.language == "es"


def test_in_a_checkout_the_notebooks_of_the_projects_language_count(spanish, english_afterwards):
    from cnnproj.notebooks import originals

    assert {path.parent for path in originals(Project.open(spanish))} == {spanish / "notebooks"}
    (spanish / "notebooks" / "es").mkdir()
    shutil.copy(spanish / "notebooks" / "01_data.ipynb", spanish / "notebooks" / "es")

    assert originals(Project.open(spanish)) == [spanish / "notebooks" / "es" / "01_data.ipynb"]
    # Opened from there, a notebook finds the project.
    assert Project.open(spanish / "notebooks" / "es").folder == spanish


def test_feedback_is_in_the_language_of_the_student(english_afterwards):
    with speaking("es"):
        assert words.say("grading.feedback.points") == "Puntos hasta ahora"
    assert words.say("grading.feedback.points") == "Points so far"
