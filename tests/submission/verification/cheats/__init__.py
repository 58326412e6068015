"""Ways to make a submission look better than it is. Each changes what it must in the members of an honest one.

A cheat is called with the members by path and changes them. ``seal`` then makes every digest fit again, in ``run.json``
and in the list of files, as somebody would who knows how a submission is built.
"""

from . import images, scores, shown, tools, training

__all__ = ["images", "scores", "shown", "tools", "training"]
