"""What is left of a run that several processes divide, in lines for the reader."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from globscope.pipeline.extent import OpenStage
from globscope.pipeline.stage_keys import Stage
from globscope.session.prepared_parts import prepared_parts
from globscope.shards import Gathered, Prepared, ShardWork

LATER = ", or with a later stage"
FINISH = "the same `globscope study` command without --until"


def preparation_lines(prepared: Prepared) -> Iterator[str]:
    """Yield what a run that stopped before a stage has ready, and the next command."""
    divided = [one for one in prepared.stages if one.parts]
    if not divided:
        labels = ", ".join(one.label for one in prepared.stages) or "the report"
        yield f"{prepared.folder}: all that comes before {prepared.until} is finished; left: {labels}"
        yield f"next: {FINISH}"
        return
    yield f"{prepared.folder}: ready for {prepared.until}"
    yield from map(_open_line, divided)
    if others := _labels([one for one in prepared.stages if not one.parts]):
        yield f"left to `globscope study`: {others}"
    folder = quote(str(prepared.folder))
    yield f"next: globscope work {folder} --shard NUMBER/COUNT, once for each NUMBER from 1 to COUNT"
    yield f"then: {FINISH}" + ("" if prepared.until is Stage.EVALUATE else LATER)


def _open_line(one: OpenStage) -> str:
    if one.stage is not Stage.EVALUATE:
        return f"  {one.label}"
    return f"  {one.label}: {one.missing} of {one.parts} units to score"


def work_lines(done: ShardWork) -> Iterator[str]:
    """Yield what a shard has done, what others have to do, and the next command."""
    yield f"shard {done.shard} of {done.folder}: finished" + (f"; {_units(done.done)} scored" if done.done else "")
    divided = [one for one in done.stages if one.missing]
    unprepared = [one for one in done.stages if one.stage is Stage.EVALUATE and not one.parts]
    if divided:
        yield "left to other shards:"
        yield from map(_open_line, divided)
    elif unprepared:
        yield f"not prepared: {_labels(unprepared)}; the same `globscope study` command with --until evaluate does that"
    elif not done.stages and not done.failed:
        yield "nothing is left: every stage of the study is finished"
    elif not done.failed:
        yield f"every part that was prepared is there; next: {FINISH}{LATER}"


def _labels(stages: Sequence[OpenStage]) -> str:
    return ", ".join(one.label for one in stages)


def gathered_lines(folder: Path, gathered: Gathered) -> Iterator[str]:
    """Yield what was copied, and what is still to do."""
    stages = f"{gathered.stages} finished stage{'s' * (gathered.stages != 1)}"
    yield f"{folder}: {_units(gathered.units)} and {stages} copied"
    missing, count = prepared_parts(folder)
    yield f"left: {missing} of {count} parts that were prepared for shards" if missing else f"next: {FINISH}"


def _units(count: int) -> str:
    return f"{count} unit{'s' * (count != 1)}"
