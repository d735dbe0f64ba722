"""Averaged weights (EMA, SWA) beside the raw ones, which the names of their files tell apart."""

from collections.abc import Iterator, Sequence

from globscope.population.proposal.file_names import tokens
from globscope.population.proposal.groups import CheckpointGroup

AVERAGES = ("ema", "swa", "lawa", "swag", "polyak", "avg", "average", "averaged")
# Words that name the raw weights, and marks between words.
PLAIN = ("raw", "model", "net", "network", "weights", "_", "-", ".", "=")


def averages_of(raw: CheckpointGroup, others: Sequence[CheckpointGroup]) -> Iterator[tuple[str, CheckpointGroup]]:
    """Yield the groups that hold averages of a group's networks, each with the word for such an average."""
    if _average(raw) is not None:
        return
    for other in others:
        word = _average(other)
        if word is not None and _rest(other) == _rest(raw):
            yield word, other


def _average(group: CheckpointGroup) -> str | None:
    return next((token for token in tokens(group.pattern) if token.lower() in AVERAGES), None)


def _rest(group: CheckpointGroup) -> list[str]:
    """Return what of a pattern says neither raw nor averaged."""
    return [token for token in tokens(group.pattern) if token.lower() not in (*AVERAGES, *PLAIN)]
