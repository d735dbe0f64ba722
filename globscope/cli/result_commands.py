"""The commands that read finished runs: `show`, `open`, `compare`, `project` and `export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import RESULTS, examples
from globscope.cli.options import Disable
from globscope.cli.screen import stderr, stdout
from globscope.errors import FileError, SpecError

results = typer.Typer()


@results.command("open", rich_help_panel=RESULTS, epilog=examples("globscope open runs/digits-mlp"))
def open_page(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    *,
    report: Annotated[bool, typer.Option("--report", help="Open the report instead of the explorer.")] = False,
) -> None:
    """Open a finished run's explorer in the browser, and print its path.

    Of a sweep, the page of the sweep is opened. Pages use no network, and no code that a spec names is imported. But a
    page runs its script in your browser: open only runs that you trust.
    """
    with exit_on_error():
        import webbrowser

        from globscope.sweep.pages import page_of

        page = page_of(run, report=report)
        stdout(str(page))
        if not webbrowser.open(page.resolve().as_uri()):
            stderr("no browser could be started; open the file above in one")


@results.command(rich_help_panel=RESULTS, epilog=examples("globscope show runs/digits-mlp"))
def show(
    run: Annotated[Path, typer.Argument(help="A run folder, such as runs/digits-mlp.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> None:
    """Print a finished run's tables again.

    No code that a spec names is imported, so you can show a run that you do not trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_cells, print_summary
        from globscope.sweep import results

        record = results(run)
        if as_json:
            stdout(json.dumps(record, indent=2, allow_nan=False))
        elif "cells" in record:
            print_cells(record)
            stdout(str(run / "sweep.html"))
        else:
            print_summary(record)
            stdout(str(run / "report.html"))


@results.command(rich_help_panel=RESULTS, epilog=examples("globscope compare runs/one runs/two --out comparison"))
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of finished runs; a sweep's folder stands for all its cells.", show_default=False),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for a page with pictures and tables; default: none is written.")
    ] = None,
    *,
    explorer: Annotated[
        bool, typer.Option("--explorer", help="Also write one explorer of all the runs to the folder of --out.")
    ] = False,
) -> None:
    """Compare finished runs: figures, landscapes on one scale, distances of their diagrams.

    No code that a spec names is imported, so you can compare runs that you do not trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_comparison
        from globscope.report import explorer_warning
        from globscope.sweep.compare import compare as compare_runs

        if explorer and out is None:
            raise SpecError(["--explorer needs --out, the folder to write the page to"])
        comparison = compare_runs(runs)
        page = None if out is None else comparison.write(out, explorer=explorer)
        if page is not None and (large := explorer_warning(page.parent)):
            stderr(f"warning: {large}")
        if as_json:
            stdout(json.dumps(comparison.record, indent=2, allow_nan=False))
        else:
            print_comparison(comparison.record)
            if page is not None:
                stdout(str(page))


@results.command(rich_help_panel=RESULTS, epilog=examples("globscope project runs/digits-mlp new/*.safetensors"))
def project(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    files: Annotated[list[Path], typer.Argument(help="Checkpoints of the same model.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Put new checkpoints on a finished run's maps, without refitting.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_projection
        from globscope.cli.progress import watching
        from globscope.pipeline.project import warnings
        from globscope.session.finished_run import project as project_files

        with watching(quiet=True) as observer:
            rows = project_files(run, files, observer, disable=disable)
        if as_json:
            stdout(json.dumps({"networks": rows, "warnings": warnings(rows)}, indent=2, allow_nan=False))
        else:
            print_projection(rows, warnings(rows))


@results.command(rich_help_panel=RESULTS, epilog=examples("globscope export runs/digits-mlp --format vtk --format csv"))
def export(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    to: Annotated[
        list[str],
        typer.Option("--format", metavar="FORMAT", help="Format to write: csv, vtk, landscaper or hdf5; repeatable."),
    ] = ["csv"],  # noqa: B006
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files; default: RUN/export.")] = None,
) -> None:
    """Write a finished run's landscapes, merge trees and members for other programs.

    No code that a spec names is imported, so you can export a run that you do not trust.
    """
    with exit_on_error():
        from globscope.exchange import export as export_run

        files = export_run(run, to, out)
        for file in files:
            if file.path is None:
                stderr(f"left out: {file.what}: {file.why_not}")
            else:
                stdout(str(file.path))
        if not any(file.path for file in files):
            raise FileError(f"{run}: nothing of it fits into {', '.join(to)}")
