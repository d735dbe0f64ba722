"""The fields of a split: a task's measures, from its sums over the batches."""

from collections.abc import Mapping, Sequence
from typing import Any

from globscope.roles import Probe, ProbeTraits, traits
from globscope.values.field import Field

Reduced = Mapping[str, tuple[Any, float]]
"""What a probe's `reduce` returns for one batch: a sum and its weight, by measure."""


def measured_fields(probe: Probe) -> dict[str, Field]:
    """Return what is measured on every split, by the fields' keys."""
    known = traits(probe, ProbeTraits).descriptions
    fields = [
        Field.from_description(split, measure, known[measure]) if measure in known else Field.of(f"{split}_{measure}")
        for split in probe.splits
        for measure in probe.measures
    ]
    return {field.key: field for field in fields}


def means(probe: Probe, parts: Sequence[Reduced], kind: Any) -> dict[str, Any]:
    """Return every measure of a split by name, scalar tensors of the torch type `kind`, in which sums are taken.

    A measure is the mean over all batches, its square root where the probe says so (`roots`), or a value that the probe
    computes from all batches at once (`whole`). Values that are not finite stay so. A mean is as differentiable as the
    sums of the batches.
    """
    return {measure: _mean(probe, measure, [part[measure] for part in parts], kind) for measure in probe.measures}


def _mean(probe: Probe, measure: str, parts: Sequence[tuple[Any, float]], kind: Any) -> Any:
    known = traits(probe, ProbeTraits)
    if measure in known.whole:
        finish = probe.finish  # type: ignore[attr-defined]
        return finish(measure, [part for part, _ in parts]).to(kind)
    mean = sum(total.to(kind) for total, _ in parts) / sum(weight for _, weight in parts)
    return mean.sqrt() if measure in known.roots else mean
