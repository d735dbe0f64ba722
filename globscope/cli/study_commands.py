"""The commands that run studies: `study`, `check` and `align train`."""

from typing import Annotated, Any

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import STUDY, GroupedCommands, examples
from globscope.cli.options import FAILED, Disable, Folder, Pool, Set, Spec, Trust, in_pool
from globscope.cli.screen import stderr, stdout

studies = typer.Typer()


@studies.command(
    rich_help_panel=STUDY,
    epilog=examples(
        "globscope study specs/digits-mlp.toml",
        "globscope study specs/digits-mlp.toml --set reducer.0.latent_dim=3 --out runs/three",
        "globscope study big.toml --until evaluate",
    ),
)
def study(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the report.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask for consent, even to score more than 200,000 networks.")
    ] = False,
    pool: Pool = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="STAGE",
            help="Stop before a stage, such as train or evaluate, and prepare it for `globscope work`.",
        ),
    ] = None,
    trust_store: Trust = False,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Run a study, or continue it.

    Trains or reads the networks, maps them, evaluates the maps, computes their merge trees and writes the report. A
    study that scores more than 200,000 networks asks for your consent before it starts.

    With `--until STAGE`, everything is computed that does not need this stage. `--until evaluate` decodes all points
    and records the units in which they are scored, `--until train` stops before the training runs: `globscope work`
    divides either between any number of processes. The same command without `--until` ends the study.

    Code that the spec names (`file.py:name`) is imported and run: use only specs that you trust.
    """
    with exit_on_error(spec):
        from globscope.cli.consent import agree
        from globscope.cli.print_tables import print_cells, print_summary
        from globscope.cli.progress import watching
        from globscope.pipeline.extent import stop_before
        from globscope.sweep import Sweep, SweepResult, load

        job = load(spec, in_pool(pool, override), out, trust_store=trust_store, disable=disable)
        stop = None if until is None else stop_before(until)
        with watching(quiet) as observer:
            unchanged = None if isinstance(job, Sweep) or stop is not None else job.finished_run(observer)
        if unchanged is None:
            agree(job, yes=yes)  # after the look for a finished run: to count its networks may take the task
        if stop is not None:
            _prepare(job, stop, quiet=quiet)
            return
        with watching(quiet) as observer:
            result = unchanged or job.run(observer)
        if not quiet:
            (print_cells if isinstance(result, SweepResult) else print_summary)(result.record)
        stdout(str(result.report))
        if isinstance(result, SweepResult) and result.failed:
            stderr(
                f"error: {len(result.failed)} of {len(result.cells)} cells failed; the same command tries them again"
            )
            raise typer.Exit(FAILED)


def _prepare(job: Any, until: Any, *, quiet: bool) -> None:
    """Compute what comes before a stage, and print what is left."""
    from globscope.cli.print_shards import preparation_lines
    from globscope.cli.progress import watching
    from globscope.shards import prepare

    with watching(quiet) as observer:
        prepared = prepare(job, until, observer)
    for line in preparation_lines(prepared):
        stdout(line)
    if prepared.failed:
        raise typer.Exit(FAILED)


@studies.command(rich_help_panel=STUDY, epilog=examples("globscope check specs/digits-mlp.toml"))
def check(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    pool: Pool = None,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Validate a spec and print its plan.

    Code that the spec names (`file.py:name`) is imported, and a few training steps are run: use only specs that you
    trust.
    """
    with exit_on_error(spec):
        from globscope.cli.print_tables import print_plan
        from globscope.sweep import load

        print_plan(load(spec, in_pool(pool, override), out, disable=disable).estimate())


align = typer.Typer(
    help="Train aligners that learn from a zoo of networks.",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
)
studies.add_typer(align, name="align", rich_help_panel=STUDY)


@align.command(epilog=examples("globscope align train specs/digits-rebasin.toml"))
def train(
    spec: Spec,
    override: Set = [],  # noqa: B006 - typer reads the default
    out: Folder = None,
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only the paths of the files.")] = False,
    pool: Pool = None,
    trust_store: Trust = False,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Train only the zoo of a spec and the aligners that learn from it.

    A later `globscope study` of the same spec uses them. Other specs can name the file:
    `aligner = "deep-align.safetensors"`.

    Code that the spec names (`file.py:name`) is imported and run: use only specs that you trust.
    """
    with exit_on_error(spec):
        from globscope.cli.print_tables import print_finding
        from globscope.cli.progress import watching
        from globscope.session.study import load

        with watching(quiet) as observer:
            job = load(spec, in_pool(pool, override), out, trust_store=trust_store, disable=disable)
            trained = job.train_aligners(observer)
        for path, finding in trained.values():
            if not quiet:
                print_finding(finding)
            stdout(str(path))
