"""Which members came and went since the last run in the same folder: a population must not shrink unseen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import GlobscopeError
from globscope.population.find import find_checkpoints
from globscope.spec.study_spec import Spec
from globscope.store import read_written

MANIFEST = "manifest.json"
# Members that are named; a run has hundreds of checkpoints.
NAMED = 5


@define(frozen=True, kw_only=True)
class Changes:
    """Members by their labels.

    Attributes:
        gone: Those of the last run that are no longer there.
        new: Those that the last run did not have.
    """

    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As a sentence; empty where nothing changed."""
        parts = [f"{what} {_list(labels)}" for what, labels in (("gone", self.gone), ("new", self.new)) if labels]
        return f"since the last run: {'; '.join(parts)}" if parts else ""

    @property
    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"gone": list(self.gone), "new": list(self.new), "text": str(self)}


def _list(labels: Sequence[str]) -> str:
    named = ", ".join(labels[:NAMED])
    return f"{named} and {len(labels) - NAMED} more" if len(labels) > NAMED else named


def changes(folder: Path, spec: Spec) -> Changes:
    """Return how a spec's checkpoints differ from the members of the last finished run in a folder.

    Nothing differs where there was none, where an earlier version wrote it, or where networks are trained here.
    """
    before = _members(folder / MANIFEST)
    if before is None or not spec.population.reads_files:
        return Changes()
    now = [f"{one.variant}@{one.step}" for one in find_checkpoints(spec.population, spec.folder)]
    return Changes(gone=_without(before, now), new=_without(now, before))


def _without(labels: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    left_out = set(others)
    return tuple(label for label in labels if label not in left_out)


def _members(manifest: Path) -> list[str] | None:
    """Return the members that a manifest lists; None where it lists none."""
    try:
        found = read_written(manifest.parent, manifest.name)
    except (GlobscopeError, OSError):
        return None
    listed = found.get("members") if isinstance(found, dict) else None
    return listed if isinstance(listed, list) and all(isinstance(label, str) for label in listed) else None
