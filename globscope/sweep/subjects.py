"""Whose scores a cell's figures go with: a slice's are those of the network that it lies around."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from globscope.spec.axes import Axis
from globscope.spec.model import Spec
from globscope.values.findings import Cell

# What stands before a field's name: of the network around which a map lies; the mean of those that a map goes through
# or an analysis is about.
ORIGIN, SUBJECT = "origin_", "subject_"
# Lists of a spec whose entries are about networks of their own.
ROLES = ("reducer", "analysis")


def swept_entries(axes: Sequence[Axis], spec: Spec) -> tuple[str, ...]:
    """Return the names of the maps and analyses of a cell that swept keys are about, in the keys' order."""
    found = [_entry(axis.key, spec) for axis in axes]
    return tuple(dict.fromkeys(name for name in found if name))


def _entry(key: str, spec: Spec) -> str | None:
    role, _, rest = key.partition(".")
    at = rest.partition(".")[0]
    return getattr(spec, role)[int(at)].name if role in ROLES and at.isdigit() else None


def only_slice(record: Mapping[str, Any]) -> str | None:
    """Return the first map of a run all of whose maps are slices of the same networks; None where they are not."""
    of = {(one["notes"].get("origin"), one["notes"].get("through")) for one in record["reducers"]}
    return record["reducers"][0]["name"] if len(of) == 1 and (None, None) not in of else None


def score(field: str, entries: Sequence[str], figures: Mapping[str, Cell]) -> str:
    """Return the name of a cell's figure of a field: that of its subject.

    Args:
        field: What the task measures.
        entries: Names of maps and analyses that tell the cell's subject, the first that can does.
        figures: Of the cell, by name.
    """
    return next((name for name in _names(field, [*entries, ""]) if name in figures), field)


def beside(field: str, figure: str, figures: Mapping[str, Cell]) -> str:
    """Return the name of a field's figure that is of the same networks as another figure."""
    before = figure.rpartition(".")[0]
    names = _names(field, [before, before.partition(".")[0]] if before else [""])
    return next((name for name in names if name in figures), field)


def _names(field: str, entries: Sequence[str]) -> Iterator[str]:
    """Yield the names that a field may have as that of an entry; of a run's only map they need none in front."""
    for entry in entries:
        before = f"{entry}." if entry else ""
        yield f"{before}{ORIGIN}{field}"
        yield f"{before}{SUBJECT}{field}"
