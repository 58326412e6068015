"""Commands whose help and refusals are in the user's language; Typer's own frame around them is English throughout."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from cnnproj.errors import CnnprojError
from cnnproj.words import catalogue, say

_Function = TypeVar("_Function", bound=Callable[..., Any])
_UsageError: Any = typer.BadParameter.__bases__[0]  # Typer brings its own Click, or uses the one that is installed
# What Typer writes around a help text, as words/en/cli.toml has it under [frame].
FRAME = ("usage", "arguments", "options", "commands", "show_help", "required", "default")


class SpokenCommand(TyperCommand):
    """A command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands behind the command; what cannot be is told in a sentence."""
        with _mistakes_told(ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """What ``--help`` shows."""
        return _spoken(super().get_help(ctx))


class SpokenCommands(TyperGroup):
    """All commands together; a stop by Ctrl-C ends in a sentence."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what stands before the command; what cannot be is told in a sentence."""
        with _mistakes_told(ctx):
            return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        """What ``--help`` shows."""
        return _spoken(super().get_help(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that ``args`` begin with."""
        if args and args[0] not in self.commands:
            near = difflib.get_close_matches(args[0], self.commands, n=1)
            known = ", ".join(self.commands)
            hint = say("settings.did_you_mean", name=near[0]) if near else say("settings.known", names=known)
            raise CnnprojError("cli.no_command", name=args[0], hint=hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(say("cli.stopped"), err=True)
            raise typer.Exit(130) from None


class SpokenApp(typer.Typer):
    """A command line of such commands."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[_Function], _Function]:
        """Register a command, as Typer does."""
        return super().command(name, **{"cls": SpokenCommand, **settings})


@contextmanager
def _mistakes_told(ctx: Any) -> Iterator[None]:
    try:
        yield
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # no mistake: the help is shown
            raise
        raise _told(error, ctx.command_path) from None


def _told(error: Any, command: str) -> CnnprojError:
    if option := getattr(error, "option_name", None):
        return CnnprojError("cli.no_option", command=command, option=option)
    parameter = getattr(error, "param", None)
    if parameter is None:
        return CnnprojError("cli.not_understood", command=command, reason=error.format_message().rstrip("."))
    named = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
    if type(error).__name__ == "MissingParameter":
        return CnnprojError("cli.missing", command=command, what=named)
    return CnnprojError("cli.bad_value", command=command, what=named, reason=error.message.rstrip("."))


def _spoken(text: str) -> str:
    """A help text with its frame in the language in force."""
    for part in FRAME:
        english = str(catalogue("en")[f"cli.frame.{part}"])
        start = r"(?m)^" if english.endswith(":") else ""
        text = re.sub(start + re.escape(english), say(f"cli.frame.{part}"), text)
    return text
