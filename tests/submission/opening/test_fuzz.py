"""Whatever bytes come, the reader of submissions ends in a sentence: a few of what ``benchmarks/fuzz.py`` tries."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.fuzz import read, smaller, spoiled, zipped

from ..conftest import members_of
from .hostile import Members


@pytest.fixture(scope="module")
def small(finished: Path) -> Members:
    return smaller(members_of(finished))


def test_what_is_spoiled_can_be_read_before(small: Members, tmp_path: Path):
    (tmp_path / "honest.zip").write_bytes(zipped(small))

    assert read(tmp_path / "honest.zip", networks=False) == "read"


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_spoiled_submissions_end_in_a_sentence(small: Members, tmp_path: Path, data: st.DataObject):
    path = tmp_path / "spoiled.zip"
    path.write_bytes(spoiled(small, lambda most: data.draw(st.integers(0, most - 1))))

    assert read(path, networks=False) in ("refused", "unreadable", "read")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.binary(max_size=2_000))
def test_any_bytes_in_any_file_end_in_a_sentence(small: Members, tmp_path: Path, data: bytes):
    path = tmp_path / "spoiled.zip"
    path.write_bytes(zipped({**dict.fromkeys(small, data), "interpretation/heatmaps.npy": b"\x93NUMPY\1\0" + data}))

    assert read(path, networks=False) in ("unreadable", "refused")
