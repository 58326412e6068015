"""Sliders under a figure, which is there also where no slider runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any

from cnnproj.errors import CnnprojError
from cnnproj.words import say


def with_sliders(draw: Callable[..., Any], /, **values: Sequence[Any]) -> None:
    """Show what ``draw`` makes of its defaults, and a slider for each of ``values``, which draws it anew.

    The figure is an output of its own: it stays in a notebook that is saved, printed or only looked at. What ``draw``
    refuses (a filter that does not fit, say) is told in the figure's place.

    Args:
        draw: takes each of ``values`` by its name, and returns a figure or whatever else a notebook shows. Its default
            of an argument is where the slider stands in the beginning; without one that is the first value.
        **values: of each slider, in their order.

    Raises:
        CnnprojError: where ``draw`` refuses already what it is shown with first.
    """
    from IPython.display import display

    defaults = {name: parameter.default for name, parameter in signature(draw).parameters.items()}
    first = {name: defaults[name] if defaults[name] in options else options[0] for name, options in values.items()}
    handle = display(draw(**first), display_id=True)
    if find_spec("ipywidgets") is None:
        display(_Sentence(say("lecture.no_widgets")))
        return
    widgets = import_module("ipywidgets")
    wide = {"style": {"description_width": "7em"}, "layout": widgets.Layout(width="26em")}
    sliders = {
        name: widgets.SelectionSlider(options=list(options), value=first[name], description=name, **wide)
        for name, options in values.items()
    }

    def anew(change: Any) -> None:
        try:
            shown = draw(**{name: slider.value for name, slider in sliders.items()})
        except CnnprojError as error:
            shown = _Sentence(str(error))
        if handle is not None:  # outside a notebook there is none
            handle.update(shown)

    for slider in sliders.values():
        slider.observe(anew, names="value")
    box = widgets.VBox(list(sliders.values()))
    bundle = getattr(box, "_repr_mimebundle_", None)
    if bundle is None:  # before ipywidgets 8
        display(box)
    else:
        display({**bundle(), "text/plain": say("lecture.sliders_stand_here")}, raw=True)


class _Sentence:
    """A sentence in the place of a figure."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text
