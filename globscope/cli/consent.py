"""A study of very many networks is begun on purpose only."""

import sys
from pathlib import Path

import typer

from globscope.cli.tables import plan, plan_of_cells
from globscope.errors import GlobscopeError, RunError
from globscope.session import Study
from globscope.store import read_written, write_json
from globscope.study.estimate import MANY, described
from globscope.study.observer import Observer
from globscope.sweep import Sweep

# Of the run folder: how many networks were agreed to, so that who continues a run is not asked again.
AGREED = "agreed.json"


def agree(asked: Study | Sweep, *, yes: bool) -> None:
    """Return where a study may start: it scores few networks, or somebody agreed to many, now or before.

    Raises:
        RunError: Nobody did; with the plan's figures.
    """
    count = _networks(asked)
    if count <= max(MANY, _agreed(asked.folder)):
        return
    if not yes:
        _ask(count, asked)
    asked.begin(Observer())
    write_json(asked.folder / AGREED, {"networks": count})


def _agreed(folder: Path) -> int:
    """Return how many networks somebody agreed to before."""
    try:
        count: int = read_written(folder, AGREED)["networks"]
    except GlobscopeError:  # nobody did, or the file is damaged
        return 0
    return count


def _networks(asked: Study | Sweep) -> int:
    try:
        return asked.evaluations()
    except GlobscopeError:
        return 0  # what cannot run says why where it is run, all at once


def _ask(count: int, asked: Study | Sweep) -> None:
    kind = "sweep" if isinstance(asked, Sweep) else "study"
    what = f"this {kind} scores up to {count:,} networks"
    if not sys.stdin.isatty():
        told = asked.estimate().described if isinstance(asked, Sweep) else described(asked.estimate())
        raise RunError(
            f"{what}, more than {MANY:,}, which is not begun without being asked for: evaluation {told['evaluation']}, "
            f"training {told['training']}, memory {told['memory']}; --yes starts it"
        )
    if isinstance(asked, Sweep):
        plan_of_cells(asked.estimate())
    else:
        plan(asked.estimate())
    if not typer.confirm(f"{what[0].upper()}{what[1:]}. Start?"):
        raise RunError("not started; fewer samples along an axis, or fewer axes, take less")
