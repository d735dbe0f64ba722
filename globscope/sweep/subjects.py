"""The networks that a cell's figures are about, whose scores belong to them: for a slice, the network at its centre."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from globscope.spec.axes import SweepAxis
from globscope.spec.study_spec import Spec
from globscope.values.findings import Cell

# Prefixes of a field's name: for the network at a slice's centre, and for the mean over the networks that a slice goes
# through or an analysis is about.
ORIGIN, SUBJECT = "origin_", "subject_"


def swept_entries(axes: Sequence[SweepAxis], spec: Spec) -> tuple[str, ...]:
    """Return the names of a cell's maps and analyses that have swept keys, in the keys' order."""
    return tuple(dict.fromkeys(name for axis in axes for name in _entries(axis.key, spec)))


def _entries(key: str, spec: Spec) -> list[str]:
    role, number = [*key.split(".", 2), ""][:2]
    if role == "reducer":  # one table may stand for several maps
        return [entry.name for entry in spec.reducer if entry.place.entry == f"{role}.{number}"]
    return [spec.analysis[int(number)].name] if role == "analysis" and number.isdigit() else []


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
