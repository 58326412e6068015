"""The command line: parses, calls ``Project``, prints."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cnnproj import __version__
from cnnproj.spoken_commands import SpokenApp, SpokenCommands
from cnnproj.words import say

app = SpokenApp(
    cls=SpokenCommands,
    help=say("cli.help"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
Backend = Literal["threading", "dask", "ray"]
MemoryLimit = Annotated[float, typer.Option("--memory", min=1.0, help=say("cli.memory"))]
SecondsLimit = Annotated[int, typer.Option("--seconds", min=1, help=say("cli.seconds"))]
ProjectFolder = Annotated[Path, typer.Option("--project", "-p", help=say("cli.project"))]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def cnnproj(
    language: Annotated[str, typer.Option(help=say("cli.language"))] = "",
    version: Annotated[
        bool, typer.Option("--version", help=say("cli.version"), callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """The language is chosen in ``__main__``, before the words here are read."""


@app.command(help=say("cli.new"))
def new(
    name: Annotated[str, typer.Argument(help=say("cli.new_name"))],
    language: Annotated[str, typer.Option(help=say("cli.new_language"))] = "",
) -> None:
    """Make a project folder. ``__main__`` has chosen the language already."""
    from cnnproj.template import make_project

    folder = make_project(Path(name), language or None)
    typer.echo(say("cli.made", folder=folder))


@app.command(help=say("cli.run"))
def run(
    project: ProjectFolder = Path(),
    notebooks: Annotated[bool, typer.Option("--notebooks", help=say("cli.notebooks"))] = False,
) -> None:
    """Run every stage, or every notebook."""
    from cnnproj.project import Project

    opened = Project.open(project)
    if notebooks:
        from cnnproj.notebooks import run_notebooks

        run_notebooks(opened)
        page = opened.report()
    else:
        page = opened.run(announce=typer.echo)
    typer.echo(opened.headline)
    typer.echo(say("cli.report_is", page=page))


@app.command(help=say("cli.audit"))
def audit(project: ProjectFolder = Path()) -> None:
    """Check the images before anything is trained."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from cnnproj.data.audit import FINDINGS
    from cnnproj.project import Project

    found = Project.open(project).audit()
    table = Table(say("report.column.class"), *found.classes.columns, box=None, pad_edge=False)
    for label, came, usable in found.classes.itertuples(name=None):
        table.add_row(escape(str(label)), f"{came:,}", f"{usable:,}")
    Console().print(table, "")
    if found.summary.empty:
        typer.echo(say("audit.clean"))
    else:
        table = Table(*found.summary.columns, box=None, pad_edge=False)
        for row in found.summary.itertuples(index=False, name=None):
            table.add_row(*(escape(str(cell)) for cell in row))
        Console().print(table)
    typer.echo(say("cli.audited", n=len(found.images), file=found.folder / FINDINGS))


@app.command(help=say("cli.tune"))
def tune(
    model: Annotated[str, typer.Argument(help=say("cli.model"))],
    project: ProjectFolder = Path(),
    trials: Annotated[int | None, typer.Option(min=1, help=say("cli.trials_option"))] = None,
) -> None:
    """Search the hyperparameters of one model."""
    from cnnproj.project import Project

    opened = Project.open(project)
    opened.audit()
    opened.prepare()
    _print_trials(opened.tune(model, trials=trials).trials)


@app.command(help=say("cli.trials"))
def trials(
    model: Annotated[str, typer.Argument(help=say("cli.model"))],
    project: ProjectFolder = Path(),
) -> None:
    """Show the trials of one model."""
    from cnnproj.project import Project

    _print_trials(Project.open(project).trials(model))


def _print_trials(table: Any) -> None:
    """The table of trials, the best marked, without columns in which nothing stands."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    told = table.drop(columns=["best", "pruned", "reason"])
    notes = [
        say("cli.best") if best else say("cli.pruned") if pruned else str(reason or "")
        for best, pruned, reason in zip(table["best"], table["pruned"], table["reason"].fillna(""), strict=True)
    ]
    told = told.dropna(axis="columns", how="all").assign(**{"": notes})
    shown = Table(*(escape(name) for name in told.columns), box=None, pad_edge=False)
    for row in told.itertuples(index=False, name=None):
        shown.add_row(*(_cell(value) for value in row))
    console = Console()
    Console(width=max(console.width, console.measure(shown).maximum)).print(shown)  # numbers are never cut off


def _cell(value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, float):
        return "–" if value != value else f"{value:.4g}"
    return escape(str(value))


@app.command(help=say("anatomy.cli.networks"))
def networks(
    model: Annotated[str, typer.Argument(help=say("anatomy.cli.model"))] = "",
    project: ProjectFolder = Path(),
    original: Annotated[bool, typer.Option("--original", help=say("anatomy.cli.original"))] = False,
) -> None:
    """Compare the networks of the lectures, or show the layers of one."""
    from cnnproj.project import Project
    from cnnproj.reporting.network_tables import compared, layers_of

    opened = Project.open(project)
    tables, lines = layers_of(opened.anatomy(model, original=original)) if model else compared(opened.networks())
    for table in tables:
        _print_whole(table)
    typer.echo("\n".join(lines))


def _print_whole(table: Any) -> None:
    """A table of text, as wide as it is: nothing in it is cut off or broken."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    shown = Table(*(escape(name) for name in table.columns), box=None, pad_edge=False)
    for row in table.itertuples(index=False, name=None):
        shown.add_row(*(escape(cell) for cell in row))
    Console(width=Console(width=1000).measure(shown).maximum).print(shown, "")


@app.command(help=say("cli.diagnose"))
def diagnose(
    model: Annotated[str, typer.Argument(help=say("cli.diagnose_model"))] = "",
    project: ProjectFolder = Path(),
) -> None:
    """Say why a training went wrong."""
    from cnnproj.errors import CnnprojError
    from cnnproj.project import Project

    opened = Project.open(project)
    found = {model: opened.diagnose(model)} if model else opened.diagnoses()
    if not found:
        raise CnnprojError("diagnosis.no_model")
    typer.echo("\n\n".join(str(diagnosis) for diagnosis in found.values()))


@app.command(help=say("cli.status"))
def status(project: ProjectFolder = Path()) -> None:
    """Say how each stage stands."""
    from rich.console import Console
    from rich.table import Table

    from cnnproj.project import Project
    from cnnproj.stages import title

    table = Table(say("cli.stage"), say("cli.state"), say("cli.why"), box=None)
    for stage in Project.open(project).status():
        table.add_row(title(stage.stage), say(f"cli.states.{stage.state.replace(' ', '_')}"), "; ".join(stage.reasons))
    Console().print(table)


@app.command(help=say("cli.report"))
def report(
    project: ProjectFolder = Path(),
    pdf: Annotated[bool, typer.Option("--pdf", help=say("cli.pdf"))] = False,
) -> None:
    """Write the report."""
    from cnnproj.project import Project

    page = Project.open(project).report()
    typer.echo(say("cli.report_is", page=page))
    if pdf:
        from cnnproj.reporting.pdf import write_pdf

        typer.echo(say("cli.report_is", page=write_pdf(page, page.with_suffix(".pdf"))))


@app.command(help=say("cli.transfer"))
def transfer(
    project: ProjectFolder = Path(),
    backbone: Annotated[str | None, typer.Option(help=say("cli.backbone"))] = None,
    weights: Annotated[str | None, typer.Option(help=say("cli.weights"))] = None,
    pretrain_on: Annotated[str, typer.Option(help=say("cli.pretrain_on"))] = "",
    images_a_class: Annotated[int | None, typer.Option(min=1, help=say("cli.images_a_class"))] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help=say("cli.epochs"))] = None,
) -> None:
    """Try transfer learning in four ways."""
    from rich.console import Console
    from rich.table import Table

    from cnnproj.project import Project
    from cnnproj.transfer import FIGURE, TABLE

    opened = Project.open(project)
    opened.prepare()
    classes = [label.strip() for label in pretrain_on.split(",") if label.strip()]
    found = opened.transfer(backbone, weights, pretrain_on=classes, per_class=images_a_class, epochs=epochs)
    table = Table(*(say(f"transfer.column.{name}") for name in ("way", "accuracy", "interval", "seconds")), box=None)
    for row in found.table.to_dict("records"):
        interval = f"{row['low']:.3f} – {row['high']:.3f}"
        way = say(f"transfer.cell.{row['cell']}")
        table.add_row(way, f"{row['accuracy']:.3f}", interval, f"{row['seconds']:.0f}")
    Console().print(table)
    typer.echo(say("transfer.told", n=int(found.table["n"].iloc[0])))
    typer.echo(say("transfer.figure_is", figure=found.folder / FIGURE, table=found.folder / TABLE))


@app.command(help=say("cli.predict"))
def predict(
    photos: Annotated[list[Path], typer.Argument(help=say("cli.photos"))],
    project: ProjectFolder = Path(),
) -> None:
    """Name the class of photos, or of each of their pixels."""
    from cnnproj.project import Project

    for seen in Project.open(project).predict(photos):
        typer.echo(seen)


@app.command(help=say("cli.submit"))
def submit(
    project: ProjectFolder = Path(),
    output: Annotated[Path | None, typer.Option("--output", "-o", help=say("cli.submit_output"))] = None,
    with_test_images: Annotated[bool, typer.Option("--with-test-images", help=say("cli.with_test_images"))] = False,
    incomplete: Annotated[bool, typer.Option("--incomplete", help=say("cli.incomplete"))] = False,
) -> None:
    """Pack the run to hand it in."""
    from cnnproj.project import Project

    Project.open(project).submit(output, with_test_images=with_test_images, incomplete=incomplete, announce=typer.echo)


@app.command(help=say("cli.verify"))
def verify(
    submission: Annotated[Path, typer.Argument(help=say("cli.submission"))],
    data: Annotated[list[str], typer.Option("--data", "-d", help=say("cli.data"))],
    retrain: Annotated[bool, typer.Option("--retrain", help=say("cli.retrain"))] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=say("cli.verify_output"))] = None,
    memory: MemoryLimit = 2.0,
    seconds: SecondsLimit = 180,
) -> None:
    """Check one submission."""
    from cnnproj.submission.grading.examine import Terms, examine_one, processors
    from cnnproj.submission.grading.pages import told
    from cnnproj.submission.grading.sandbox import allow

    folder = output or submission.with_name(f"{submission.stem}-verdict")
    terms = Terms(tuple(data), retrain, allow(memory, seconds), threads=processors())
    verdict, page = examine_one(submission, folder, terms)
    typer.echo("\n".join(told(verdict)))
    typer.echo(say("cli.verdict_is", page=page))
    raise typer.Exit(verdict.exit_code)


@app.command(help=say("cli.grade"))
def grade(
    folder: Annotated[Path, typer.Argument(help=say("cli.class_folder"))],
    data: Annotated[list[str], typer.Option("--data", "-d", help=say("cli.data"))],
    output: Annotated[Path, typer.Option("--output", "-o", help=say("cli.grade_output"))],
    rubric: Annotated[Path | None, typer.Option("--rubric", help=say("cli.rubric"))] = None,
    retrain: Annotated[bool, typer.Option("--retrain", help=say("cli.retrain"))] = False,
    workers: Annotated[int | None, typer.Option("--workers", "-n", min=1, help=say("cli.workers"))] = None,
    backend: Annotated[Backend, typer.Option("--backend", help=say("cli.backend"))] = "threading",
    memory: MemoryLimit = 2.0,
    seconds: SecondsLimit = 180,
) -> None:
    """Check and mark a class."""
    from cnnproj.submission.grading.examine import Terms
    from cnnproj.submission.grading.grade import grade_class
    from cnnproj.submission.grading.rubric import read_rubric
    from cnnproj.submission.grading.sandbox import allow

    terms = Terms(tuple(data), retrain, allow(memory, seconds))
    grade_class(folder, output, read_rubric(rubric), terms, workers=workers, backend=backend, announce=typer.echo)
