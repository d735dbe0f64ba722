"""The commands by which processes divide a study: `work` and `gather`."""

from pathlib import Path
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import SHARES, examples
from globscope.cli.options import FAILED, Disable, Pool, Set, in_pool
from globscope.cli.screen import stderr, stdout

shares = typer.Typer()


@shares.command(rich_help_panel=SHARES, epilog=examples("globscope work runs/big --shard 3/16"))
def work(
    run: Annotated[
        Path, typer.Argument(help="A run folder that `globscope study --until` prepared.", show_default=False)
    ],
    shard: Annotated[
        str,
        typer.Option(metavar="NUMBER/COUNT", help="Share to compute, such as 3/16: the third of 16, counted from 1."),
    ],
    override: Set = [],  # noqa: B006 - typer reads the default
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what was done.")] = False,
    pool: Pool = None,
    disable: Disable = [],  # noqa: B006
) -> None:
    """Compute one share of a prepared run.

    Any number of processes may do so at once, and none waits for another: each takes the units of evaluations and the
    training runs of its number, modulo COUNT. A shard that was killed continues if it is started again. The run folder
    may be shared by all processes, or each may have a copy, which `globscope gather` brings together.

    Code that the run's spec names (`file.py:name`) is imported and run: use only runs that you trust.
    """
    with exit_on_error():
        from globscope.cli.print_shards import work_lines
        from globscope.cli.progress import watching
        from globscope.pipeline.extent import Shard
        from globscope.shards import work as work_on

        number = Shard.parse(shard)
        with watching(quiet) as observer:
            done = work_on(run, number, in_pool(pool, override), observer, disable)
        for line in work_lines(done):
            stdout(line)
        if done.failed:
            stderr(f"error: cells failed: {', '.join(done.failed)}; the same command tries them again")
            raise typer.Exit(FAILED)


@shares.command(rich_help_panel=SHARES, epilog=examples("globscope gather runs/big copies/*/big"))
def gather(
    run: Annotated[Path, typer.Argument(help="The run folder that was copied.", show_default=False)],
    copies: Annotated[list[Path], typer.Argument(help="Its copies, in which shards have worked.", show_default=False)],
) -> None:
    """Bring copies of a prepared run together.

    Takes the units and finished stages that shards computed in them. Every file is checked against its digest. What the
    run has already stays; if a copy has other values for it, a warning names the file. No code that a spec names is
    imported.
    """
    with exit_on_error():
        from globscope.cli.print_shards import gathered_lines
        from globscope.cli.progress import watching
        from globscope.shards import gather as gather_copies

        with watching(quiet=False) as observer:
            gathered = gather_copies(run, copies, observer)
        for line in gathered_lines(run, gathered):
            stdout(line)
