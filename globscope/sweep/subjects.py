"""The networks that a cell's figures are about, whose scores belong to them: for a slice, the network at its centre."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from globscope.spec.axes import SweepAxis
from globscope.spec.model import Spec
from globscope.values.findings import Cell

# Prefixes of a field's name: for the network at a slice's centre, and for the mean over the networks that a slice goes
# through or an analysis is about.
ORIGIN, SUBJECT = "origin_", "subject_"
# Lists of a spec whose entries may be about certain networks.
ROLES = ("reducer", "analysis")


def swept_entries(axes: Sequence[SweepAxis], spec: Spec) -> tuple[str, ...]:
    """Return the names of a cell's maps and analyses that have swept keys, in the keys' order."""
    names = [_entry(axis.key, spec) for axis in axes]
    return tuple(dict.fromkeys(name for name in names if name))


def _entry(key: str, spec: Spec) -> str | None:
    role, _, rest = key.partition(".")
    number = rest.partition(".")[0]
    return getattr(spec, role)[int(number)].name if role in ROLES and number.isdigit() else None


def only_slice(record: Mapping[str, Any]) -> str | None:
    """Return a run's first map if all of its maps are slices of the same networks, else None."""
    of = {(reducer["notes"].get("origin"), reducer["notes"].get("through")) for reducer in record["reducers"]}
    return record["reducers"][0]["name"] if len(of) == 1 and (None, None) not in of else None


def score(field: str, entries: Sequence[str], figures: Mapping[str, Cell]) -> str:
    """Return the name of a field's figure for the networks that a cell is about.

    Args:
        field: Name of a field that the task measures.
        entries: Names of maps and analyses that may determine the networks; the first that does counts.
        figures: The cell's figures by name.
    """
    return next((name for name in _names(field, [*entries, ""]) if name in figures), field)


def beside(field: str, figure: str, figures: Mapping[str, Cell]) -> str:
    """Return the name of a field's figure for the same networks as another figure."""
    before = figure.rpartition(".")[0]
    names = _names(field, [before, before.partition(".")[0]] if before else [""])
    return next((name for name in names if name in figures), field)


def _names(field: str, entries: Sequence[str]) -> Iterator[str]:
    """Yield the names that a field may have for an entry; those of a run's only map have no prefix."""
    for entry in entries:
        before = f"{entry}." if entry else ""
        yield f"{before}{ORIGIN}{field}"
        yield f"{before}{SUBJECT}{field}"
