"""What was prepared for shards in a run folder, and how much of it is there."""

from pathlib import Path

from globscope.pipeline.preparation import PREPARED, Preparation, missing_parts
from globscope.session.run_folder import CELLS, SWEEP, stages_root
from globscope.store import Store


def prepared_folders(folder: Path) -> list[Path]:
    """Return the folders of a run, or of a sweep's cells, in which something was prepared for shards."""
    cells = sorted((folder / CELLS).glob("*")) if (folder / SWEEP).is_file() else []
    return [one for one in (folder, *cells) if (one / PREPARED).is_file()]


def prepared_parts(folder: Path) -> tuple[int, int]:
    """Return how many of the parts that were prepared for shards nobody has computed yet, and how many there are."""
    store, prepared = Store(stages_root(folder)), [Preparation.read(one) for one in prepared_folders(folder)]
    stages = {one.key: one for found in prepared if found is not None for one in found.stages if one.parts}
    return sum(missing_parts(store, one) for one in stages.values()), sum(one.parts for one in stages.values())


def why_unfinished(folder: Path) -> str:
    """Return the message about a run that is not finished: how far it is prepared, and what continues it."""
    (missing, count), again = prepared_parts(folder), "the same `globscope study` command continues it"
    if not missing:
        return f"{folder}: this run is not finished; {again}"
    return (
        f"{folder}: this run is not finished: {count - missing} of {count} parts that were prepared for shards are "
        f"there; `globscope work {folder} --shard NUMBER/COUNT` computes others, and then {again}"
    )
