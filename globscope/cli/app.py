"""The commands."""

import os
import sys
from io import StringIO
from typing import Annotated, Any

import typer

from globscope import __version__
from globscope.cli.help import PLUGINS, GroupedCommands
from globscope.cli.interrupt import stoppable
from globscope.cli.landscape_commands import landscapes
from globscope.cli.network_commands import networks
from globscope.cli.options import Disable
from globscope.cli.plugin import plugin
from globscope.cli.result_commands import results
from globscope.cli.screen import stderr, stdout
from globscope.cli.share_commands import shares
from globscope.cli.spec_commands import specs
from globscope.cli.study_commands import studies

# Threads that spin while they wait for each other make torch many times slower if another process needs the core.
# Torch's threads read this when they start, so it must be set before the first import of torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
IN_FRONT = "write it in front of the command: globscope --disable NAME COMMAND"


class Commands(typer.Typer):
    """Commands that Ctrl-C ends with one line, whenever it is pressed."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Run the command that the command line names, and end the process with its exit code."""
        with stoppable():
            try:
                code = super().__call__(*args, **options, standalone_mode=False)
            except Exception as error:
                refusal: Any = error
                if not hasattr(refusal, "show"):
                    raise
                if hasattr(refusal, "option_name") and refusal.option_name == "--disable":
                    refusal.message = f"No such option: --disable; {IN_FRONT}"
                usage = StringIO()  # a usage message may contain any characters
                refusal.show(usage)
                stderr(usage.getvalue().rstrip("\n"))
                code = refusal.exit_code
        sys.exit(code)


app = Commands(
    cls=GroupedCommands,
    help="Global loss landscapes of many trained networks: maps, measured losses and their topology.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
# In the order in which help lists them within a group.
app.add_typer(studies)
app.add_typer(results)
app.add_typer(landscapes)
app.add_typer(networks)
app.add_typer(specs)
app.add_typer(shares)
app.add_typer(plugin, name="plugin", rich_help_panel=PLUGINS)


def _version(wanted: bool) -> None:
    if wanted:
        stdout(f"globscope {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    disable: Disable = [],  # noqa: B006 - typer reads the default
) -> None:
    """Global loss landscapes of many trained networks."""
    del version
    context.obj = disable  # which the option of a command adds to its own
