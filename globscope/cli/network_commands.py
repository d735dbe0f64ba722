"""The commands that write networks of a finished run: `take` and `merge`."""

from pathlib import Path
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import RESULTS, examples
from globscope.cli.options import Disable

networks = typer.Typer()


@networks.command(
    rich_help_panel=RESULTS,
    epilog=examples(
        "globscope take runs/digits-mlp --map autoencoder --at 0.3,-0.2 --out taken",
        "globscope take runs/digits-mlp --member A@40 --out a.safetensors",
    ),
)
def take(
    run: Annotated[Path, typer.Argument(help="A finished run's folder, such as runs/digits-mlp.", show_default=False)],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New folder, or a .safetensors file; default: a folder in RUN/taken."),
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="X,Y", help="The network at a point of the map.")] = None,
    member: Annotated[
        str | None, typer.Option(metavar="RUN[@STEP]", help="A network of the population; a run's last one.")
    ] = None,
    minimum: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="A minimum of the map's merge tree; 1 is the lowest.")
    ] = None,
    pass_: Annotated[
        str | None, typer.Option("--pass", metavar="A:B", help="The pass between two runs on the map.")
    ] = None,
    aligned: Annotated[
        str | None, typer.Option(metavar="B:A", help="B with its units in the order that fits A best.")
    ] = None,
    curve: Annotated[
        str | None, typer.Option(metavar="A:B:T", help="The network at T, from 0 to 1, of a curve between two runs.")
    ] = None,
    map_: Annotated[
        str | None, typer.Option("--map", help="Name of the map; default: the first that decodes its points.")
    ] = None,
    sampler: Annotated[
        str | None, typer.Option(help="Sampler whose merge tree has the minimum or pass; default: the first.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="Field of that merge tree; default: that of the first.")] = None,
    aligner: Annotated[str | None, typer.Option(help="Aligner of --aligned; default: the first of the study.")] = None,
    as_float32: Annotated[
        bool, typer.Option("--float32", help="Write float32, whatever the number types of the origin are.")
    ] = False,
    rank: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Of adapters: the most ranks; default: all that it needs.")
    ] = None,
    merged: Annotated[bool, typer.Option("--merged", help="Of adapters: write the whole network.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Take a network out of a finished run: from a map, the population, or a curve.

    It is written as safetensors under the names of the checkpoint files that it comes from, with re-estimated BatchNorm
    statistics and a model card. A folder also gets the configuration beside these files, so that its framework loads
    it. Give exactly one of --at, --member, --minimum, --pass, --aligned and --curve.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.network_names import curve_place, default_folder, network_pair, point
        from globscope.cli.print_tables import print_network
        from globscope.cli.progress import watching
        from globscope.session.finished_run import finished_members, finished_result

        with watching(quiet=True) as observer:
            # A member needs no map, whose stages may be those of other code by now.
            read = finished_result if member is None else finished_members
            result = read(run, observer=observer, disable=disable)
            runs = result.network_names
            taken = result.network(
                as_float32=as_float32,
                rank=rank,
                merged=merged,
                at=None if at is None else point(at),
                member=member,
                minimum=minimum,
                pass_between=None if pass_ is None else network_pair("--pass", pass_, runs),
                aligned=None if aligned is None else network_pair("--aligned", aligned, runs),
                curve=None if curve is None else curve_place(curve, runs),
                map=map_,
                sampler=sampler,
                field=field,
                aligner=aligner,
            )
            written = taken.save(default_folder(run, taken.title) if out is None else out, force=force)
        print_network(taken, written)


@networks.command(
    rich_help_panel=RESULTS,
    epilog=examples(
        "globscope merge runs/digits-merging --best --out merged",
        "globscope merge runs/digits-merging --recipe greedy --members A,B,C",
    ),
)
def merge(
    run: Annotated[
        Path,
        typer.Argument(help="A finished run's folder, whose study has the analysis merging.", show_default=False),
    ],
    *,
    best: Annotated[
        bool, typer.Option("--best", help="The best network that any recipe makes of any set or pair.")
    ] = False,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="Recipe: uniform, REPAIR, greedy, slerp, 'task arithmetic', TIES or DARE; default: the best."
        ),
    ] = None,
    members: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Networks to merge; default: the best of all sets and pairs.")
    ] = None,
    analysis: Annotated[str | None, typer.Option(help="Analysis that merges; default: the first that does.")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="New folder, or a .safetensors file; default: a folder in RUN/taken."),
    ] = None,
    as_float32: Annotated[
        bool, typer.Option("--float32", help="Write float32, whatever the number types of the origin are.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Write a merged network of a finished run, such as the best soup.

    The study's analysis merging chooses by its `select`, which is a field of the training data unless you have told it
    otherwise. The network is written as `globscope take` does, with a model card and its measured fields. Give at least
    one of --best, --recipe and --members.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.network_names import default_folder, merge_recipe
        from globscope.cli.print_tables import print_network
        from globscope.cli.progress import watching
        from globscope.session.finished_run import finished_result

        chosen = merge_recipe(recipe, members, best=best)
        with watching(quiet=True) as observer:
            taken = finished_result(run, observer=observer, disable=disable).network(
                as_float32=as_float32,
                soup=chosen,
                members=None if members is None else tuple(members.split(",")),
                analysis=analysis,
            )
            written = taken.save(default_folder(run, taken.title) if out is None else out, force=force)
        print_network(taken, written)
