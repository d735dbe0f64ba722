"""Options that several commands share."""

import json
from pathlib import Path
from typing import Annotated

import typer

# The exit code of a sweep with failed cells.
FAILED = 3

Spec = Annotated[Path, typer.Argument(help="A study's TOML file.", show_default=False)]

Set = Annotated[
    list[str],
    typer.Option("--set", metavar="KEY=VALUE", help="Override a key, such as reducer.0.latent_dim=3; repeatable."),
]

Folder = Annotated[Path | None, typer.Option("--out", help="Run folder; default: runs/<name of the spec>.")]

Pool = Annotated[
    str | None,
    typer.Option(
        "--pool",
        metavar="NAME",
        help="Where the work is done, instead of [run] in the spec: here, processes, or a plugin's pool.",
    ),
]

Trust = Annotated[
    bool, typer.Option("--trust-store", help="Use stored stages even if their files were damaged or edited.")
]


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


def in_pool(pool: str | None, overrides: list[str]) -> list[str]:
    """Return the overrides, the first of which replaces the table [run] where a pool is named."""
    return overrides if pool is None else [f"run={{pool={json.dumps(pool)}}}", *overrides]
