"""The command ``cnnproj``. The language is chosen before anything with words in it is imported."""

import sys
import tomllib
from pathlib import Path

from cnnproj.errors import CnnprojError
from cnnproj.words import languages, prefer_language, use_language


def main() -> None:
    """Run the command line. What the user can mend is shown as a sentence, with exit code 2."""
    try:
        _choose_language(sys.argv[1:])
        from cnnproj.cli import app

        app(prog_name="cnnproj")
    except CnnprojError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:  # while modules load; what runs is stopped by the command line itself
        sys.exit(130)


def _choose_language(arguments: list[str]) -> None:
    """``--language``, then project.toml, then the locale."""
    for position, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--language":
            code = value or "".join(arguments[position + 1 : position + 2])
            if code not in languages():
                raise CnnprojError("cli.no_language", code=code, known=", ".join(languages()))
            use_language(code)
            return
    prefer_language(_language_of_project())


def _language_of_project() -> str | None:
    """What the nearest project.toml says, as far as it can be read: its mistakes are told when it is used."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        path = folder / "project.toml"
        if path.is_file():
            try:
                code = tomllib.loads(path.read_text(encoding="utf-8-sig"))["project"]["language"]
            except (OSError, ValueError, KeyError, TypeError):
                return None
            return code if isinstance(code, str) else None
    return None


if __name__ == "__main__":
    main()
