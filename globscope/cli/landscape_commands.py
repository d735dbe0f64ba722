"""The commands about one landscape: `figure` of a run and `topology` of a file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import RESULTS, examples
from globscope.cli.options import Disable, Set
from globscope.cli.screen import stdout
from globscope.errors import SpecError

landscapes = typer.Typer()


@landscapes.command(
    rich_help_panel=RESULTS,
    epilog=examples("globscope figure runs/digits-mlp --size column -o map.pdf"),
)
def figure(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="File to write: .pdf, .svg or .png.", show_default=False)
    ],
    *,
    kind: Annotated[
        str,
        typer.Option(
            help="landscape, surface, isosurfaces, network, tree, persistence, profile, overview, profiles, or a "
            "picture of an analysis, such as similarity:distances."
        ),
    ] = "landscape",
    map_: Annotated[str | None, typer.Option("--map", help="Name of the map; default: the first.")] = None,
    sampler: Annotated[str | None, typer.Option(help="Which of its landscapes; default: the first.")] = None,
    size: Annotated[
        str | None, typer.Option(help="Width: page, column, double, or a number of inches; default: the spec's.")
    ] = None,
    override: Set = [],  # noqa: B006 - typer reads the default
    disable: Disable = [],  # noqa: B006
) -> None:
    """Draw one picture of a finished run into a file, for a paper or a talk.

    Everything is read from the run's stages, and nothing is computed. PDF files have their fonts embedded. `--set
    report.limits=[0.1,3]` sets any key of the table [report].

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.progress import watching
        from globscope.session.finished_run import finished_result

        sizes = [] if size is None else [f"report.size={size}"]
        with watching(quiet=True) as observer:
            result = finished_result(run, [*override, *sizes], observer, disable=disable)
        from globscope.report import write_figure

        write_figure(result.figure(kind, map_, sampler), out)
        stdout(str(out))


@landscapes.command(rich_help_panel=RESULTS, epilog=examples("globscope topology landscape.npz --persistence 0.05"))
def topology(
    file: Annotated[
        Path,
        typer.Argument(
            help="An .npz file, landscaper's .npz, loss-landscape's HDF5, VTK's .vti, .vtu or .vtp, or CSV.",
            show_default=False,
        ),
    ],
    *,
    persistence: Annotated[
        float | None, typer.Option(help="Remove pairs of at most this persistence, in the field's unit; default: 0.1.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Keep every pair, even those of zero persistence.")] = False,
    field: Annotated[
        str | None, typer.Option(help="Field of the file to use; default: train_loss, or the only field.")
    ] = None,
    backend: Annotated[str, typer.Option(help="Topology component to use; `globscope plugins` lists them.")] = "gudhi",
    adjacency: Annotated[
        str | None, typer.Option(help="Which samples are neighbours; default: the component's.")
    ] = None,
    tree: Annotated[
        str,
        typer.Option(
            help="Tree to compute: join, of the sublevel sets (the merge tree); split, of the superlevel sets; or "
            "contour, of the level sets."
        ),
    ] = "join",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the pictures and topology.json; default: none is written.")
    ] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Compute the merge tree, or another tree, of a landscape in a file, whatever program wrote it.

    The file is read as numbers, and no code of its origin is run.
    """
    with exit_on_error():
        from globscope.cli.print_tables import print_level_sets, print_merge_tree
        from globscope.exchange import PERSISTENCE, LevelSetFile, condense
        from globscope.registry import installed_registry

        if raw and persistence:
            raise SpecError(["--raw keeps every pair, --persistence removes some: give one of them"])
        threshold = PERSISTENCE if persistence is None else persistence
        condensed = condense(
            file,
            persistence=threshold,
            raw=raw,
            field=field,
            backend=backend,
            adjacency=adjacency,
            registry=installed_registry(disable),
        )
        found = condensed if tree == "join" else LevelSetFile.of(condensed, tree)
        if out is not None:
            found.write(out)
        if as_json:
            stdout(json.dumps(found.record, indent=2, allow_nan=False))
        else:
            (print_merge_tree if tree == "join" else print_level_sets)(found.record)
