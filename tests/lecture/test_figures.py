"""Every figure is drawn; animations need nothing from outside; sliders leave a figure where they do not run."""

import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnnproj import lecture
from cnnproj.lecture import convolve, pool

RNG = np.random.default_rng(0)
TABLE = RNG.integers(0, 30, (5, 5))
EDGE = [[1, 0, -1]] * 3
MASK = np.eye(5, dtype=int)
FIGURES = {
    "convolution": lambda: convolve(TABLE, EDGE).figure(),
    "a step": lambda: convolve(TABLE, EDGE, padding="same", stride=2).figure(3),
    "channels": lambda: convolve(RNG.integers(0, 9, (4, 4, 3)), RNG.integers(-1, 2, (2, 2, 3))).figure(0),
    "filters": lambda: convolve(TABLE, lecture.stack_filters([EDGE] * 8), padding=((0, 1), (0, 1))).figure(),
    "many channels, depthwise": lambda: convolve(np.ones((16, 16, 9)), np.ones((2, 2, 9)), depthwise=True).figure(-1),
    "photo": lambda: convolve(lecture.photo(width=40, gray=True), EDGE).figure(5),
    "pooling": lambda: pool(TABLE, kind="average", padding="same").figure(2),
    "pooling of channels": lambda: pool(np.ones((4, 4, 6)), 2).figure(),
    "size": lambda: lecture.feature_map_size(40, 4, padding=1, stride=3).figure(),
    "padding": lambda: lecture.padding_for(5, 2).figure(0),
    "relu": lambda: lecture.relu(TABLE - 15).figure(2),
    "relu on its curve": lambda: lecture.relu(np.linspace(-3, 3, 7)).figure(1),
    "softmax": lambda: lecture.softmax([2, -1, 0.5]).figure(),
    "cross-entropy": lambda: lecture.cross_entropy([0.9, 0.1, 0], [0.2, 0.8, 0]).figure(0),
    "dice": lambda: lecture.dice(MASK, MASK[::-1]).figure(),
    "dice of rows": lambda: lecture.dice([1, 0, 1], [1, 1, 0]).figure(),
    "invariance": lambda: lecture.move(TABLE).figure(),
    "sharing": lambda: lecture.compare_layers((28, 28, 1)).figure(),
    "detectors": lambda: lecture.detect(lecture.photo(width=60, gray=True)).figure(),
    "augmentations": lambda: lecture.vary(lecture.photo(width=30), {"noise": 9, "brightness_range": [1, 2]}).figure(),
    "gradients": lambda: lecture.gradient_flow(5).figure(),
    "descent": lambda: lecture.descend(["sgd", "adam", "momentum", "rmsprop", "adagrad"], steps=3).figure(),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn(name):
    chart = FIGURES[name]()
    picture = Image.open(io.BytesIO(chart.png())).convert("L")

    assert np.asarray(picture).std() > 5
    assert chart.pixels[0] <= 7.1 * 96, "it fits on a page"


def test_an_animation_is_a_player_that_asks_for_nothing_from_outside():
    worked = convolve(TABLE[:3, :3], [[1, 0], [0, -1]])
    animation = worked.animation()
    data, _ = animation._repr_mimebundle_()

    assert len(animation.frames) == 4
    assert len({frame.size for frame in animation.frames}) == 1
    without_pictures = re.sub(r'base64,[^"]*|"[A-Za-z0-9+/=]{99,}"', "", data["text/html"])
    assert len(without_pictures) < 4000
    assert not re.search(r"https?:|//[a-z]|url\(|import\b", without_pictures)
    assert data["text/plain"] == str(worked.steps)
    assert Image.open(io.BytesIO(data["image/png"])).size == animation.frames[0].size
    assert Image.open(io.BytesIO(animation.gif())).n_frames == 4


def test_an_animation_is_saved_as_gif_and_the_same_each_time(tmp_path):
    one, other = (pool(TABLE[:2, :4]).animation() for _ in range(2))
    path = one.save(tmp_path / "pooling.gif")

    assert path.read_bytes().startswith(b"GIF89a")
    assert one.html() == other.html()


class Shown:
    """What was displayed, and what it was replaced by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.all: list[object] = []
        self.updates: list[object] = []
        monkeypatch.setattr("IPython.display.display", self.display)

    def display(self, shown: object, **_: object) -> "Shown":
        self.all.append(shown)
        return self

    def update(self, shown: object) -> None:
        self.updates.append(shown)


@pytest.fixture
def shown(monkeypatch):
    return Shown(monkeypatch)


def test_sliders_stand_under_a_figure_and_draw_it_anew(shown, monkeypatch):
    import ipywidgets

    boxes = []
    box = ipywidgets.VBox
    monkeypatch.setattr(ipywidgets, "VBox", lambda children: boxes.append(box(children)) or boxes[0])
    lecture.with_sliders(lambda stride=2, *, kernel: f"{stride} {kernel}", stride=range(1, 4), kernel=("b", "a"))
    boxes[0].children[0].value = 3

    assert shown.all[0] == "2 b"
    assert shown.updates == ["3 b"]
    assert [slider.options for slider in boxes[0].children] == [(1, 2, 3), ("b", "a")]
    assert "Without them: change the numbers" in shown.all[1]["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown.all[1]


def test_what_does_not_fit_is_told_in_the_place_of_the_figure(shown, monkeypatch):
    import ipywidgets

    boxes = []
    box = ipywidgets.VBox
    monkeypatch.setattr(ipywidgets, "VBox", lambda children: boxes.append(box(children)) or boxes[0])
    lecture.with_sliders(lambda size: lecture.pool(TABLE, size).result, size=(2, 9))
    boxes[0].children[0].value = 9

    assert "does not fit once" in repr(shown.updates[0])


def test_without_ipywidgets_there_is_a_figure_and_a_sentence(shown, monkeypatch):
    monkeypatch.setattr("cnnproj.lecture.sliders.find_spec", lambda name: None)
    lecture.with_sliders(lambda size: size, size=(2, 9))

    assert shown.all[0] == 2
    assert "pip install ipywidgets" in repr(shown.all[1])


def test_the_arithmetic_needs_no_tensorflow_and_the_lectures_know_nothing_of_projects():
    unknown = {"tensorflow", "keras", "cnnproj.project", "cnnproj.cli", "cnnproj.reporting"}
    code = (
        "import sys; from cnnproj import lecture; lecture.convolve([[1, 2], [3, 4]], [[1]]).figure();"
        f"print(sorted({unknown} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


def test_the_text_below_a_figure_is_that_of_its_step():
    chart = lecture.dice(MASK, MASK[::-1]).figure()

    assert "2·1 / (5 + 5) = 0.2" in [text.get_text() for text in chart.texts]
