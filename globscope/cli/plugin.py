"""The commands for authors of plugins."""

from pathlib import Path
from typing import Annotated

import typer

from globscope.cli.ending import exit_on_error
from globscope.cli.help import GroupedCommands, examples
from globscope.cli.options import Disable
from globscope.cli.screen import stdout

plugin = typer.Typer(
    help="Write packages with components of your own, and check them.",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@plugin.callback()
def commands() -> None:
    """Write packages with components of your own, and check them."""


@plugin.command(
    epilog=examples(
        "globscope plugin new my-reducer --role reducer",
        "globscope plugin new globscope-clouds --role sampler --out packages/clouds",
    )
)
def new(
    name: Annotated[str, typer.Argument(help="Name of the package, such as my-reducer.", show_default=False)],
    role: Annotated[
        str,
        typer.Option(
            help="Role of its component: task, reducer, sampler, evaluator, topology, aligner, analysis or pool.",
            show_default=False,
        ),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="New folder for the package; default: NAME.")] = None,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Write a small, complete package with a component of your own.

    It installs, passes its own test and works in a spec as it is: change its method from there. The component has the
    package's name, without `globscope-` in front. Nothing that exists is overwritten.
    """
    with exit_on_error():
        from globscope.scaffold import write_package

        folder = write_package(name, role, out, disable)
        # pip would look a plain name up in its index
        path = folder if folder.is_absolute() else f"./{folder.as_posix()}"
        stdout(f"{folder} written; next: pip install {path}")
