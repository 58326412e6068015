"""One seed: the same numbers from the command line and the notebooks, in any process, after any interruption."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .conftest import cnnproj
from .data.stored import stored

SAME = (
    "data/images.csv",
    "data/store/pixels.npy",
    "data/findings.csv",
    "evaluation/scores.csv",
    "evaluation/predictions_mlp.csv",
    "evaluation/predictions_compact_cnn.csv",
    "evaluation/predictions_deep_cnn.csv",
    "interpretation/cases.csv",
    "interpretation/heatmaps.npy",
    "interpretation/belief.csv",
    "interpretation/curves.csv",
    "interpretation/randomised.csv",
    "interpretation/feature_maps.npy",
)


def assert_same_numbers(one: Path, other: Path) -> None:
    for name in SAME:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    for model in ("mlp", "compact_cnn", "deep_cnn"):
        folders = [run / "models" / model for run in (one, other)]
        first, second = (json.loads((folder / "recipe.json").read_text()) for folder in folders)
        assert first == second  # with the digest of the weights
        trials = [pd.read_csv(folder / "trials.csv") for folder in folders]
        pd.testing.assert_frame_equal(*trials, check_exact=True)
        histories = [pd.read_csv(folder / "history.csv").drop(columns=["seconds", "waited"]) for folder in folders]
        pd.testing.assert_frame_equal(*histories, check_exact=True)


def test_the_notebooks_give_the_numbers_of_the_command_line(finished, make_project):
    folder = make_project()
    for optional in ("00_convolution_by_hand", "07_famous_networks", "08_transfer_learning", "09_segmentation"):
        (folder / "notebooks" / f"{optional}.ipynb").unlink()  # no stage is theirs, and they take the longest
    ran = cnnproj("run", "--notebooks", cwd=folder)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    report = folder / "reports" / "tiny"
    assert_same_numbers(finished / "reports" / "tiny", report)
    executed = sorted(path.stem for path in (report / "notebooks").glob("*.ipynb"))
    assert executed == [
        "01_data",
        "02_mlp",
        "03_compact_cnn",
        "04_deep_cnn",
        "05_evaluation",
        "06_interpretability",
    ]
    cells = json.loads((report / "notebooks" / "06_interpretability.ipynb").read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output["output_type"] in ("stream", "error") for output in outputs), "a clean notebook"


def test_a_killed_search_goes_on_and_ends_as_if_it_had_not_been(finished, make_project):
    folder = make_project()
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "cnnproj", "run"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "compact_cnn" in line:
            break
    time.sleep(3)  # somewhere in a trial
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    status = cnnproj("status", cwd=folder)
    assert "not done yet" in status.stdout
    ran = cnnproj("run", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("nothing has changed") >= 3  # the data, and the search and training of the MLP
    assert_same_numbers(finished / "reports" / "tiny", folder / "reports" / "tiny")


@pytest.mark.parametrize("threads", [1, 3])
def test_split_and_batches_do_not_depend_on_the_number_of_threads(threads, finished, pattern_folder, tmp_path):
    from cnnproj.data.augmentation import Augmentation
    from cnnproj.data.batches import Batches
    from cnnproj.data.images import load_images
    from cnnproj.data.sources import open_source
    from cnnproj.randomness import derive_seed

    source = open_source(str(pattern_folder), tmp_path, seed=3)
    fractions = {"train": 0.7, "validation": 0.15, "test": 0.15}
    stored(source, tmp_path, size=(16, 16), fractions=fractions, seed=derive_seed(3, "split"), threads=threads)
    run = finished / "reports" / "tiny" / "data"
    for name in ("images.csv", "findings.csv", "set_aside.csv", "store/pixels.npy", "store/records.jsonl"):
        assert (tmp_path / name).read_bytes() == (run / name).read_bytes(), name
    vary = Augmentation({"rotation_range": 20, "zoom_range": 0.2})
    one, other = (Batches(load_images(folder).train, 8, seed=5, augmentation=vary) for folder in (tmp_path, run))
    for index in reversed(range(len(one))):
        np.testing.assert_array_equal(one.batch(1, index)[0], other.batch(1, index)[0])
