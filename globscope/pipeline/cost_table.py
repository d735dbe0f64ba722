"""What the stages of a study cost, as a table of its results."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from globscope.values.cost import Cost, total
from globscope.values.findings import Table
from globscope.values.quantity import duration, memory_size

# Stages of one kind beyond which they share a row.
MOST = 8
HEADINGS = ("stage", "time", "processor time", "peak memory", "peak device memory")
MEANING = (
    "Processor time is that of all threads and of all worker processes. Peak memory is the most that was resident in "
    "the largest process that took part, libraries included; device memory is the most that torch’s tensors took of "
    "one GPU. Stages that an earlier run computed count as they were measured then. The time of a stage includes the "
    "stages that were computed for it alone. The sum is more than the time that passed if stages ran side by side."
)


def cost_table(record: Mapping[str, Any]) -> Table | None:
    """Return a row for every stage, and the sum, in seconds and bytes, of a study's results.

    Stages of one name share a row, and so do many of one kind. What earlier versions did not measure is None. None
    where no stage is listed.
    """
    stages = record.get("manifest", {}).get("stages", ())
    rows = [*_rows(stages), ("all stages", total(*map(Cost.from_record, stages)))]
    names = ("seconds", "cpu_seconds", "peak_memory_bytes", "peak_device_bytes", "peak_is_bound")
    cells = tuple({"stage": label} | {name: getattr(cost, name) for name in names} for label, cost in rows)
    return Table(name="costs", caption=MEANING, columns=("stage", *names), rows=cells) if stages else None


def _rows(stages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Cost]]:
    """Yield label and cost of every row, in the order in which the stages were first used."""
    kinds, by_label = Counter(map(_kind, stages)), dict[str, list[Cost]]()
    for one in stages:
        kind, label = _kind(one), str(one["stage"])
        if kind and kinds[kind] > MOST:
            label = f"{kind}: {kinds[kind]} stages"
        by_label.setdefault(label, []).append(Cost.from_record(one))
    yield from ((label, total(*costs)) for label, costs in by_label.items())


def _kind(stage: Mapping[str, Any]) -> str:
    return str(stage.get("key", "")).partition("/")[0]


def cost_texts(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Return the cells of `HEADINGS` for people; a dash where a cost is unknown, or no device was used."""
    return [_texts(str(row["stage"]), Cost.from_record(row)) for row in rows]


def _texts(stage: str, cost: Cost) -> tuple[str, ...]:
    peak, device, cpu = cost.peak_memory_bytes, cost.peak_device_bytes, cost.cpu_seconds
    bound = "≤ " if cost.peak_is_bound else ""
    return (
        stage,
        duration(cost.seconds),
        "–" if cpu is None else duration(cpu),
        "–" if peak is None else f"{bound}{memory_size(peak)}",
        "–" if device is None else memory_size(device),
    )
