"""Consent to score very many networks."""

import sys
from pathlib import Path

import typer

from globscope.cli.print_tables import print_plan
from globscope.errors import GlobscopeError, RunError
from globscope.pipeline.observer import Observer
from globscope.pipeline.plan.estimate import MANY
from globscope.session.study import Study
from globscope.store import read_written, write_json
from globscope.sweep import Sweep

# A file of the run folder: how many networks were agreed to, so that a continued run does not ask again.
AGREED = "agreed.json"


def agree(job: Study | Sweep, *, yes: bool) -> None:
    """Return if a study may start: it scores few networks, or the user agrees to many, now or before.

    Raises:
        RunError: The user did not agree; the message has the plan's figures.
    """
    count = _networks(job)
    if count <= max(MANY, _agreed_count(job.folder)):
        return
    if not yes:
        _ask(count, job)
    job.begin(Observer())
    write_json(job.folder / AGREED, {"networks": count})


def _agreed_count(folder: Path) -> int:
    """Return how many networks the user agreed to before."""
    try:
        count: int = read_written(folder, AGREED)["networks"]
    except GlobscopeError:  # there was no consent, or the file is damaged
        return 0
    return count


def _networks(job: Study | Sweep) -> int:
    try:
        return job.evaluations()
    except GlobscopeError:
        return 0  # the run will list all problems


def _ask(count: int, job: Study | Sweep) -> None:
    kind = "sweep" if isinstance(job, Sweep) else "study"
    what = f"this {kind} scores up to {count:,} networks"
    if not sys.stdin.isatty():
        words = job.estimate().in_words
        raise RunError(
            f"{what}, more than {MANY:,}, which needs your consent: evaluation {words['evaluation']}, "
            f"training {words['training']}, memory {words['memory']}; --yes starts it"
        )
    print_plan(job.estimate())
    if not typer.confirm(f"{what[0].upper()}{what[1:]}. Start?"):
        raise RunError("not started; fewer samples along an axis, or fewer axes, take less")
