"""Options that several commands share."""

from typing import Annotated

import typer


def _all_to_disable(context: typer.Context, names: list[str]) -> list[str]:
    """Return the distributions to switch off, after those that were named before the command.

    Raises:
        BadParameter: A name is not that of an installed plugin.
    """
    before: list[str] = context.obj or []
    if names:
        from globscope.distributions import why_not_disabled

        problems = [text for text in map(why_not_disabled, names) if text]
        if problems:
            raise typer.BadParameter("; ".join(problems))
    return [*before, *names]


Disable = Annotated[
    list[str],
    typer.Option(
        "--disable",
        metavar="NAME",
        callback=_all_to_disable,
        help="Switch an installed plugin off, such as globscope-ttk, so that nothing of it is imported; repeatable.",
    ),
]
