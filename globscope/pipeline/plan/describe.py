"""Parts of an estimate in words."""

from collections.abc import Mapping, Sequence

from globscope.values.quantity import duration

# At most so many names of maps are listed.
NAMED = 5


def describe_fits(fits: Sequence[Mapping[str, float | None]], at_once: int = 1) -> str:
    """Return in words what maps take, and of which no short trial can tell."""
    known = [seconds for one in fits for seconds in one.values() if seconds is not None]
    unknown = dict.fromkeys(name for one in fits for name, seconds in one.items() if seconds is None)
    times = [f"at most about {duration(sum(known) / at_once)}"] if known else []
    return "; ".join([*times, *([f"unknown: {_list_names([*unknown])}"] if unknown else [])])


def describe_uncounted(names: Sequence[str]) -> str:
    """Return in words, to be added to a total, of which analyses it has no networks; empty where it has all."""
    return f", without {_list_names(names)}: only a run can tell" if names else ""


def _list_names(names: Sequence[str]) -> str:
    """Return names as text; of many, the first five and the number of the others."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
