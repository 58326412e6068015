"""How far honest results lie apart when a submission is checked somewhere else than it was made.

    python benchmarks/tolerances.py SUBMISSION.zip --data DATA [--no-training]

Computes predictions, heatmaps and the final training of a submission again, in a process of its own for each way
in which a machine can differ: fewer or more threads, without oneDNN, numbers of 10 bits as in TF32 (weights and pixels
are rounded), and pixels a level or two off as by another decoder of JPEG. One table: the largest difference of a
probability; of a heatmap, as a share of its largest value; and after training again from the seed that of the loss of
the first epoch, as a share, of the best validation accuracy, and whether the weights are the same.

The tolerances in cnnproj/submission/verification/tolerances.py come from it. On two cores it takes some 20 times the
final training.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

WAYS = {
    "as it was": {},
    "1 thread": {"threads": 1},
    "4 threads": {"threads": 4},
    "without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "10 bits": {"bits": 10},
    "1 level off": {"levels": 1},
    "2 levels off": {"levels": 2},
}


def measure(path: Path, sources: list[str], way: str, training: bool) -> dict[str, float | str]:
    """One row of the table, in this process."""
    import numpy as np

    from cnnproj.runtime import start_tensorflow
    from cnnproj.submission.opening.opened import open_submission
    from cnnproj.submission.verification.reference import prepare, wanted

    known = WAYS[way]
    with open_submission(path) as submission:
        start_tensorflow(int(known.get("threads", submission.settings.training.threads)))
        from cnnproj.inference import normalised
        from cnnproj.interpretation.heatmaps import heatmaps, methods
        from cnnproj.interpretation.opened_model import OpenedModel
        from cnnproj.models import architectures
        from cnnproj.randomness import derive_seed
        from cnnproj.submission.verification.evidence import Evidence
        from cnnproj.submission.verification.retrain import _train

        with tempfile.TemporaryDirectory() as cache:
            evidence = Evidence(submission, prepare(sources, wanted(submission), Path(cache)))
            part = evidence.part("test")
            levels = np.random.default_rng(0).integers(
                -known.get("levels", 0), known.get("levels", 0) + 1, (len(part), *part.shape)
            )
            pixels = np.clip(part.images().astype(int) + levels, 0, 255).astype(np.float32) / 255
            apart = 0.0
            for model in evidence.networks:
                network = evidence.network(model)
                if "bits" in known:
                    network.set_weights([_rounded(one, known["bits"]) for one in network.get_weights()])
                    pixels = _rounded(pixels, known["bits"])
                apart = max(
                    apart, float(np.abs(normalised(np.asarray(network(pixels))) - evidence.claimed(model)).max())
                )
            best, cases = submission.explained.model, submission.cases
            opened = OpenedModel(evidence.network(best))
            names = list(evidence.used.loc[evidence.used["split"] == "test", "image"])
            places = [names.index(name) for name in cases["image"]]
            classes = np.array([submission.classes.index(name) for name in cases["predicted"]])
            seed = derive_seed(submission.settings.project.seed, "interpretation")
            off = 0.0
            for method in methods(opened):
                maps = heatmaps(opened, method, pixels[places], classes, seed=seed)
                scale = np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-6)
                off = max(off, float((np.abs(maps - submission.heatmaps[method]) / scale).max()))
            row = {"way": way, "probability": f"{apart:.1e}", "heatmap": f"{off:.1e}"}
            if training and not known.keys() & {"bits", "levels"}:
                history, digest = _train(evidence, architectures()[best], evidence.networks[best])
                then = submission.history(best)
                first = abs(history["loss"][0] / then["loss"][0] - 1)
                accuracy = abs(history["val_accuracy"].max() - then["val_accuracy"].max())
                same = digest == evidence.networks[best].weights_digest
                row |= {"first loss": f"{first:.1e}", "accuracy": f"{accuracy:.4f}", "same weights": str(same)}
            return row


def _rounded(values, bits):
    """``values`` with a mantissa of ``bits`` bits."""
    import numpy as np

    whole = np.ascontiguousarray(values, np.float32).view(np.uint32)
    drop = 23 - bits
    return ((whole + (1 << (drop - 1))) & ~np.uint32((1 << drop) - 1)).view(np.float32)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("submission", type=Path)
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--no-training", action="store_true")
    parser.add_argument("--way", choices=WAYS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(measure(given.submission, given.data, given.way, not given.no_training)))
        return
    columns = [
        "way",
        "probability",
        "heatmap",
        *([] if given.no_training else ["first loss", "accuracy", "same weights"]),
    ]
    print(" | ".join(columns))
    for way, known in WAYS.items():
        surroundings = {**os.environ, **{key: value for key, value in known.items() if key.isupper()}}
        ran = subprocess.run(
            [sys.executable, *sys.argv, "--way", way], env=surroundings, capture_output=True, text=True
        )
        row = json.loads(ran.stdout.splitlines()[-1]) if ran.returncode == 0 else {"way": f"{way}: {ran.stderr[-300:]}"}
        print(" | ".join(row.get(column, "") for column in columns), flush=True)


if __name__ == "__main__":
    main()
