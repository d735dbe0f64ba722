"""How the command line names networks of a finished run: points, pairs of runs, places on curves."""

from collections.abc import Collection
from pathlib import Path

from globscope.errors import RunError
from globscope.report.style.text import slug
from globscope.visible import visible

TAKEN = "taken"


def point(text: str) -> tuple[float, ...]:
    """Return the numbers of a text such as `0.3,-0.2`.

    Raises:
        RunError: It holds something else.
    """
    return tuple(
        _number("--at", part, "numbers with commas between them, such as 0.3,-0.2") for part in text.split(",")
    )


def network_pair(option: str, text: str, known: Collection[str]) -> tuple[str, str]:
    """Return the two names of a text such as `A:B`; a name may itself contain colons.

    Raises:
        RunError: There is no colon.
    """
    parts = text.split(":")
    pairs = [(":".join(parts[:end]), ":".join(parts[end:])) for end in range(1, len(parts))]
    if not pairs:
        raise RunError(f"{option}: {visible(text)!r}: two names with a colon between them are wanted, such as A:B")
    return next((pair for pair in pairs if {*pair} <= {*known}), pairs[0])


def curve_place(text: str, known: Collection[str]) -> tuple[str, str, float]:
    """Return two runs and the place of a text such as `A:B:0.5`.

    Raises:
        RunError: It is of another form.
    """
    runs, _, t = text.rpartition(":")
    wanted = "two runs and a number from 0 to 1 are wanted, such as A:B:0.5"
    if ":" not in runs:
        raise RunError(f"--curve: {visible(text)!r}: {wanted}")
    return (*network_pair("--curve", runs, known), _number("--curve", t, wanted))


def merge_recipe(recipe: str | None, members: str | None, *, best: bool) -> str:
    """Return the recipe that is wanted, `best` for the best of all.

    Raises:
        RunError: Nothing is wanted, or both the best of all and something else.
    """
    if best and (recipe or members):
        raise RunError("--best is of all recipes, sets and pairs; leave out --recipe and --members")
    if not (best or recipe or members):
        raise RunError("give at least one of --best, --recipe and --members")
    return recipe or "best"


def default_folder(run: Path, title: str) -> Path:
    """Return the folder of a network that is taken without a place to write it to."""
    return run / TAKEN / slug(title)


def _number(option: str, text: str, wanted: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RunError(f"{option}: {visible(text)!r} is no number; {wanted}") from None
