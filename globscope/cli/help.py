"""The help of the commands: in groups, with examples, and without a line that is cut."""

from itertools import groupby
from typing import Any

from typer.core import TyperGroup

# Groups of commands, in the order in which a newcomer needs them.
STUDY, RESULTS, SPECS, SHARES = "Run studies", "Look at results", "Write specs", "Divide the work"
PLUGINS = "Write plugins"
GROUPS = (STUDY, RESULTS, SPECS, SHARES, PLUGINS)
# More letters than the first sentence of any command has.
WHOLE = 500


def examples(*lines: str) -> str:
    """Return the end of a command's help, whose lines stay as they are."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


class GroupedCommands(TyperGroup):
    """Commands whose help lists them by groups, each with all of its first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for every group of commands."""
        commands = sorted((self.commands[name] for name in self.list_commands(ctx)), key=_place)
        for group, members in groupby(commands, key=_group):
            with formatter.section(group):
                formatter.write_dl([(one.name, one.get_short_help_str(WHOLE)) for one in members])


def _group(command: Any) -> str:
    panel = command.rich_help_panel
    return panel if isinstance(panel, str) else "Commands"


def _place(command: Any) -> int:
    group = _group(command)
    return GROUPS.index(group) if group in GROUPS else len(GROUPS)
