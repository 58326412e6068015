"""A run knows what is done, what is stale and why; and its manifest outlives every interruption."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnproj import words
from cnnproj.errors import CnnprojError
from cnnproj.run import MANIFEST, Manifest, Run, Score, StageRecord, TestOpening, fingerprint, now

HEX = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_language", "en")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "digits")


def writes(run: Run, *names: str, text: str = "x"):
    def work() -> list[Path]:
        run.folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (run.folder / name).write_text(text)
        return [run.folder / name for name in names]

    return work


def refuses() -> list[Path]:
    raise AssertionError("was done again")


def test_a_run_begins_with_nothing_done(run):
    assert run.manifest == Manifest(name="digits")
    assert run.staleness("data", {}) == ["not done yet"]
    assert run.output_digest("data") == ""
    assert not run.folder.exists()


def test_what_is_written_to_the_manifest_is_read_from_it(run):
    stage = StageRecord(inputs={"a": 1, "b": None, "c": "ü", "d": 0.1}, outputs={"x": HEX}, seconds=0.5, finished=now())
    opening = TestOpening(time=now(), purpose="evaluation", n=3, models={"mlp": HEX})
    score = Score(accuracy=0.5, low=0.1, high=0.9, log_loss=2.0, n=3)
    everything = {
        "settings": {"project": {"name": "x"}},
        "environment": {"python": "3", "threads": 2},
        "stages": {"data": stage},
        "test_openings": [opening],
        "best_model": "mlp",
        "scores": {"mlp": score},
    }

    run.update(**everything)

    assert Run(run.folder).manifest == Manifest(name="digits", **everything)


def test_the_manifest_is_plain_json_that_people_can_read(run):
    run.update(best_model="größte")

    text = (run.folder / MANIFEST).read_text(encoding="utf-8")
    assert json.loads(text)["version"] == 1
    assert '"best_model": "größte"' in text


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (b"", "/"),
        (b'{"version": 1, "na', "/"),
        (b"\xff\xfe", "/"),
        (b"[]", "/"),
        (b'{"version": 1}', "name"),
        (b'{"version": 2, "name": "x"}', "version"),
        (b'{"name": "x", "more": 1}', "more"),
        (b'{"name": "x", "stages": {"data": {"inputs": {}, "outputs": {"a": "../b"}, "seconds": 1, "finished": ""}}}',
         "stages.data.outputs.a"),
        (b'{"name": "x", "scores": {"mlp": {"accuracy": 2, "low": 0, "high": 1, "log_loss": 0, "n": 1}}}',
         "scores.mlp.accuracy"),
    ],
)  # fmt: skip
def test_a_manifest_that_is_none_is_told_by_file_and_key(run, content, key):
    run.folder.mkdir()
    (run.folder / MANIFEST).write_bytes(content)

    with pytest.raises(CnnprojError) as caught:
        _ = run.manifest

    assert str(caught.value).startswith(f"{run.folder / MANIFEST} cannot be read as the record of a run: '{key}': ")
    assert (run.folder / MANIFEST).read_bytes() == content


def test_a_stage_is_done_once_and_then_skipped(run):
    assert run.complete("data", {"seed": 1}, writes(run, "a", "b")) is True
    assert run.complete("data", {"seed": 1}, refuses) is False
    assert Run(run.folder).staleness("data", {"seed": 1}) == []
    assert run.manifest.stages["data"].outputs.keys() == {"a", "b"}


def test_every_change_of_an_input_is_a_reason_that_names_before_and_after(run):
    run.complete("data", {"seed": 1, "rate": 0.001, "gone": 2, "images": "ab" * 8}, writes(run, "a"))

    assert run.staleness("data", {"seed": 2, "rate": 0.01, "new": True, "images": "cd" * 8}) == [
        "gone was 2 and is –",
        "images: its content has changed",
        "new was – and is True",
        "rate was 0.001 and is 0.01",
        "seed was 1 and is 2",
    ]


def test_a_missing_file_makes_a_stage_stale_and_it_is_done_again(run):
    run.complete("data", {}, writes(run, "a", "b"))
    (run.folder / "b").unlink()

    assert run.staleness("data", {}) == ["its file b is gone"]
    assert run.complete("data", {}, writes(run, "a", "b")) is True
    assert run.staleness("data", {}) == []


def test_one_stage_does_not_disturb_another(run):
    run.complete("data", {}, writes(run, "a"))
    run.complete("train", {}, writes(run, "b"))

    assert run.staleness("data", {}) == run.staleness("train", {}) == []


def test_work_that_fails_is_not_taken_as_done(run):
    def fails() -> list[Path]:
        writes(run, "a")()
        raise CnnprojError("template.exists", folder="x")

    with pytest.raises(CnnprojError):
        run.complete("data", {}, fails)

    assert run.staleness("data", {}) == ["not done yet"]


def test_files_that_a_killed_run_has_overwritten_are_not_taken_for_the_old_ones(run):
    run.complete("data", {"size": 32}, writes(run, "a", "b"))

    def killed() -> list[Path]:
        (run.folder / "a").write_text("of size 64")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.complete("data", {"size": 64}, killed)

    assert run.staleness("data", {"size": 32}) != []


def test_during_the_work_no_record_says_that_the_old_files_stand(run):
    run.complete("data", {"size": 32}, writes(run, "a"))

    def looks() -> list[Path]:
        assert "data" not in Run(run.folder).manifest.stages
        return writes(run, "a")()

    assert run.complete("data", {"size": 64}, looks)


@pytest.mark.parametrize("error", [KeyboardInterrupt, CnnprojError])
def test_finished_work_is_not_lost_where_the_next_attempt_did_not_touch_it(run, error):
    run.complete("train", {"epochs": 20}, writes(run, "weights"))

    def stops() -> list[Path]:
        raise error("template.exists")

    with pytest.raises(error):
        run.complete("train", {"epochs": 40}, stops)

    assert run.complete("train", {"epochs": 20}, refuses) is False


def test_the_digest_of_a_stage_follows_what_it_wrote_and_nothing_else(run, tmp_path):
    other = Run(tmp_path / "other")
    run.complete("data", {"seed": 1}, writes(run, "a"))
    other.complete("data", {"seed": 2}, writes(other, "a"))
    assert run.output_digest("data") == other.output_digest("data") != ""

    other.complete("data", {"seed": 3}, writes(other, "a", text="y"))
    assert run.output_digest("data") != other.output_digest("data")


def test_every_opening_of_the_test_part_is_kept_in_order(run):
    for n in (1, 2):
        run.open_test(TestOpening(time=now(), purpose="evaluation", n=n, models={}))

    assert [opening.n for opening in run.manifest.test_openings] == [1, 2]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def reversed_everywhere(value):
    if isinstance(value, dict):
        return {key: reversed_everywhere(value[key]) for key in reversed(value)}
    return [reversed_everywhere(item) for item in value] if isinstance(value, list) else value


@given(plain)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(value):
    assert fingerprint(value) == fingerprint(reversed_everywhere(value))


def test_a_fingerprint_depends_on_every_value():
    values = [{}, {"a": 1}, {"a": "1"}, {"a": 1.5}, {"a": None}, {"b": 1}, [1, 2], [2, 1], True, "true"]

    assert len({fingerprint(value) for value in values}) == len(values)
