"""Whether the heatmaps are right, and how fast they are.

    python benchmarks/interpretation.py pointing      # a project on the drawn shapes, trained first; some minutes
    python benchmarks/interpretation.py speed         # 1,000 Grad-CAM maps in batches, against one call each

`pointing` makes a project of 1,200 drawn scenes of 64×64 pixels, in which it is known where the object is, trains the
deep CNN with `cnnproj run`, and plays the pointing game on all test images with each method: the share of maps with the
peak on the object, for the trained network, and for the same network with random weights (the mean of three drawings).
A random peak reaches the object's share of the image. The last line is of the same maps, enlarged by tf-keras-vis' way,
which moves them outwards. `--project FOLDER` takes one that is trained already.

`speed` makes Grad-CAM maps for networks with fresh weights and images of noise of 96×96 pixels: ours, in batches, of
1,000 images; those of tf-keras-vis, one call each, of `--calls` of them, and in batches. All in one process, in turn,
medians of `--repeats`, with the enlarging to the size of the image. The ratio is of the seconds for one map.

`--smoke` tries each with next to no training.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import zoom

SHAPES = """
[project]
name = "shapes"
budget = "{budget}"
[data]
source = "shapes"
size = [64, 64]
near_duplicates = false
[augmentation]
rotation_range = 180
width_shift_range = 0.1
height_shift_range = 0.1
zoom_range = 0.1
horizontal_flip = true
hue = 180
fill_mode = "reflect"
[models.deep_cnn]
learning_rate = 0.005
filters = 16
dropout = 0.0
[search]
trials = 1
epochs = 1
[training]
epochs = 80
"""
SIDE, MAPS, BATCH = 96, 1000, 32


def start() -> None:
    """TensorFlow as cnnproj starts it."""
    from cnnproj.runtime import start_tensorflow

    start_tensorflow(2)


def pointing(folder: Path, examined: int) -> None:
    """Print the pointing game of every method, in the project in ``folder``."""
    start()
    from cnnproj import Project
    from cnnproj.evaluation.test_set import open_test
    from cnnproj.interpretation.heatmaps import coarse, enlarge, methods, seen_by
    from cnnproj.interpretation.opened_model import OpenedModel
    from cnnproj.interpretation.pointing import hits, masks_of
    from cnnproj.interpretation.sanity import randomised
    from cnnproj.recipe import load_model, load_recipe

    project = Project.open(folder)
    trained = project.record.folder / "models" / project.evaluation.best
    recipe, model = load_recipe(trained), load_model(trained)
    weights = {recipe.model: recipe.weights_digest}
    test = open_test(project.record, project.images, "interpretation", weights)
    pixels = test.images()[:examined].astype(np.float32) / 255
    names = project.images.table.set_index("row")["image"].loc[test.rows[:examined]]
    masks = masks_of(project._source, list(names), project.images.shape[:2], recipe.resize)
    opened = OpenedModel(model)
    predicted = opened.probabilities(pixels).argmax(axis=1)
    right = np.mean(predicted == test.labels[:examined])
    shape = "×".join(str(side) for side in model.get_layer(opened.layer).output.shape[1:3])
    print(f"{recipe.model}, test accuracy {right:.3f}, {len(pixels)} test images, maps of {shape} ({opened.layer})\n")
    print("| method | trained | random weights | a random peak |\n|---|---|---|---|")
    for method in methods(opened):

        def share(maps: np.ndarray, method: str = method) -> float:
            return float(hits(enlarge(maps, pixels.shape[1:3], seen_by(opened, method)), masks).mean())

        def explain(images: np.ndarray, method: str = method) -> dict[str, np.ndarray]:
            return {method: coarse(opened, method, images, predicted, seed=0)}

        own = share(explain(pixels)[method])
        if method in ("scorecam", "saliency"):  # hundreds of passes for each map: once is enough
            by_chance = "–"
        else:
            random = randomised(opened, explain, pixels, seed=0)
            by_chance = f"{np.mean([share(maps[method]) for maps in random.maps]):.3f}"
        print(f"| {method} | {own:.3f} | {by_chance} | {masks.mean():.3f} |", flush=True)
    maps = explain(pixels, "gradcam")["gradcam"]
    factors = (1, *(large / small for large, small in zip(pixels.shape[1:3], maps.shape[1:], strict=True)))
    own = float(hits(zoom(maps, factors, order=1), masks).mean())
    print(f"| gradcam, enlarged as tf-keras-vis does | {own:.3f} | – | {masks.mean():.3f} |")


def speed(maps: int, calls: int, repeats: int) -> None:
    """Print the seconds for a map, ours and those of tf-keras-vis."""
    start()
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    from cnnproj.interpretation.heatmaps import heatmaps
    from cnnproj.interpretation.opened_model import OpenedModel, gradcam_layer
    from cnnproj.models import architectures

    warnings.filterwarnings("ignore", message="(?s).*The structure of `inputs` doesn't match")
    images = np.random.default_rng(0).random((maps, SIDE, SIDE, 3), dtype=np.float32)
    classes = np.arange(maps) % 10
    print(f"Grad-CAM, {SIDE}×{SIDE}×3, {maps:,} maps in batches of {BATCH}, {calls} single calls, {repeats} repeats\n")
    print("| network | ours, ms a map | tf-keras-vis, one call each | ratio | in batches | ratio |")
    print("|---|---|---|---|---|---|")
    for name in ("compact_cnn", "deep_cnn"):
        network = architectures()[name]
        model = network.build((SIDE, SIDE, 3), 10, network.defaults)
        theirs = Gradcam(keras.Model(model.inputs, model.outputs), model_modifier=ReplaceToLinear(), clone=True)
        layer, opened = gradcam_layer(model), OpenedModel(model)

        def ask(first: int, last: int, theirs: Gradcam = theirs, layer: str | None = layer) -> None:
            score = CategoricalScore(classes[first:last].tolist())
            how = {"penultimate_layer": layer, "seek_penultimate_conv_layer": False, "normalize_cam": False}
            theirs(score, images[first:last], **how)

        def ours(opened: OpenedModel = opened) -> None:
            heatmaps(opened, "gradcam", images, classes, seed=0)

        def one_by_one(ask: Callable[[int, int], None] = ask) -> None:
            for place in range(calls):
                ask(place, place + 1)

        def together(ask: Callable[[int, int], None] = ask) -> None:
            for place in range(0, min(maps, 8 * BATCH), BATCH):
                ask(place, place + BATCH)

        ways = {"ours": (ours, maps), "single": (one_by_one, calls), "batches": (together, min(maps, 8 * BATCH))}
        taken: dict[str, list[float]] = {way: [] for way in ways}
        for repeat in range(repeats + 1):
            for way, (work, count) in ways.items():
                begun = time.perf_counter()
                work()
                if repeat:  # what is traced once is traced
                    taken[way].append((time.perf_counter() - begun) / count * 1000)
        own, single, batches = (statistics.median(taken[way]) for way in ways)
        ratios = f"{single:.1f} | {single / own:.1f} | {batches:.1f} | {batches / own:.1f}"
        print(f"| {name} | {own:.2f} | {ratios} |", flush=True)


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["pointing", "speed"])
    parser.add_argument("--project", type=Path, help="pointing: a finished project on the drawn shapes")
    parser.add_argument("--calls", type=int, default=100, help="speed: single calls of tf-keras-vis")
    parser.add_argument("--repeats", type=int, default=5, help="speed: of each")
    parser.add_argument("--smoke", action="store_true", help="next to no training, few images")
    chosen = parser.parse_args()
    if chosen.part == "speed":
        speed(
            2 * BATCH if chosen.smoke else MAPS,
            5 if chosen.smoke else chosen.calls,
            1 if chosen.smoke else chosen.repeats,
        )
        return
    with tempfile.TemporaryDirectory() as name:
        folder = chosen.project or Path(name)
        if chosen.project is None:
            Path(name, "project.toml").write_text(SHAPES.format(budget="smoke" if chosen.smoke else "full"))
            subprocess.run([sys.executable, "-m", "cnnproj", "run"], cwd=folder, check=True, stdout=sys.stderr)
        pointing(folder, 16 if chosen.smoke else 10_000)


if __name__ == "__main__":
    main()
