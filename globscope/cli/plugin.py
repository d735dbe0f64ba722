"""The commands for authors of plugins."""

import typer

from globscope.cli.help import GroupedCommands

plugin = typer.Typer(
    help="Write packages with components of your own, and check them.",
    cls=GroupedCommands,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@plugin.callback()
def commands() -> None:
    """Write packages with components of your own, and check them."""
