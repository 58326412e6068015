"""Figures one after the other: a player that needs neither a kernel nor the network, and a GIF where nothing runs."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from cnnproj.chart import Chart
from cnnproj.words import say

_COLORS = 32  # of a frame: tables of gray cells with two colours on them need no more
_PLAYER = """<div id="{id}" style="max-width:{width}px">
<img src="data:image/gif;base64,{gif}" alt="{alt}" style="max-width:100%;width:{width}px">
<div class="bar" style="display:none;align-items:center;gap:.5em;font:14px sans-serif">
<button type="button" aria-label="{back}">◀</button><button type="button">{play}</button>
<button type="button" aria-label="{on}">▶</button>
<input type="range" min="0" max="{last}" value="0" aria-label="{step}" style="flex:1"><output></output></div></div>
<script>(function () {{
const root = [...document.querySelectorAll("#{id}")].find(one => !one.dataset.ready);
root.dataset.ready = "yes";
const frames = [{frames}], texts = [{texts}];
const picture = root.querySelector("img"), bar = root.querySelector(".bar"), slider = root.querySelector("input");
const [back, play, on] = root.querySelectorAll("button"), count = root.querySelector("output");
let timer = null;
function show(step) {{
  slider.value = step = (step + frames.length) % frames.length;
  picture.src = "data:image/png;base64," + frames[step];
  picture.alt = texts[step];
  count.textContent = (step + 1) + " / " + frames.length;
}}
function pause() {{ clearInterval(timer); timer = null; play.textContent = "{play}"; }}
back.onclick = () => {{ pause(); show(+slider.value - 1); }};
on.onclick = () => {{ pause(); show(+slider.value + 1); }};
slider.oninput = () => {{ pause(); show(+slider.value); }};
play.onclick = () => {{
  if (timer) return pause();
  play.textContent = "{pause}";
  timer = setInterval(() => show(+slider.value + 1), {milliseconds});
}};
bar.style.display = "flex";
show(0);
}})();</script>"""


@dataclass(frozen=True)
class Animation:
    """Frames with a text each, in their order.

    In a notebook it is a picture with buttons and a slider, all within the page; where a page may run no scripts it
    moves by itself, and where it is printed its last frame stands.

    Attributes:
        frames: RGB pictures of one size.
        texts: what each shows, for readers who do not see it.
        seconds: how long each is shown.
        width: on screen, in CSS pixels.
    """

    frames: tuple[Image.Image, ...]
    texts: tuple[str, ...]
    seconds: float
    width: int

    @classmethod
    def of(cls, charts: Sequence[Chart], texts: Sequence[str], seconds: float) -> Animation:
        """The animation of ``charts``, which are of one size."""
        pictures = tuple(Image.fromarray(chart.raster()).convert("RGB") for chart in charts)
        return cls(pictures, tuple(texts), seconds, charts[0].pixels[0])

    def save(self, path: str | Path) -> Path:
        """Write it as a GIF to ``path``."""
        target = Path(path)
        target.write_bytes(self.gif())
        return target

    def gif(self) -> bytes:
        """All frames, over and over."""
        file = io.BytesIO()
        size = (self.width, round(self.frames[0].height * self.width / self.frames[0].width))
        small = [frame.resize(size, Image.Resampling.LANCZOS).quantize(_COLORS) for frame in self.frames]
        options: dict[str, Any] = {"save_all": True, "append_images": small[1:], "loop": 0, "optimize": True}
        small[0].save(file, "GIF", duration=round(1000 * self.seconds), **options)
        return file.getvalue()

    def png(self, frame: int = -1) -> bytes:
        """One frame as PNG."""
        file = io.BytesIO()
        self.frames[frame].quantize(_COLORS).save(file, "PNG", optimize=True)
        return file.getvalue()

    def html(self) -> str:
        """The player, with everything that it needs in it."""
        frames = [base64.b64encode(self.png(place)).decode() for place in range(len(self.frames))]
        digest = hashlib.sha256("".join(frames).encode()).hexdigest()[:12]
        return _PLAYER.format(
            id=f"cnnproj-{digest}",
            width=self.width,
            gif=base64.b64encode(self.gif()).decode(),
            alt=html.escape(self.texts[-1]),
            last=len(frames) - 1,
            frames=", ".join(f'"{frame}"' for frame in frames),
            texts=", ".join(_as_script(text) for text in self.texts),
            milliseconds=round(1000 * self.seconds),
            **{word: say(f"lecture.player.{word}") for word in ("back", "on", "play", "pause", "step")},
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"text/html": self.html(), "image/png": self.png(), "text/plain": "\n".join(self.texts)}
        return data, {"image/png": {"width": self.width}}


def _as_script(text: str) -> str:
    """``text`` as a string of JavaScript that cannot end the script around it."""
    return json.dumps(text).replace("<", "\\u003c")
