"""Tables in a folder: one that lists its networks, and those that trainers write beside them."""

from pathlib import Path

from globscope.errors import PopulationError
from globscope.population.find import find_checkpoints
from globscope.population.proposal.groups import CheckpointGroup
from globscope.population.zoo_table import KINDS
from globscope.references import Pattern
from globscope.spec.network_source import NetworkSource
from globscope.spec.words import toml

# What Ray Tune writes into the folder of a trial: its options, and a line for each iteration.
OPTIONS, LOG, STEP = "params.json", "result.json", "training_iteration"
RUN = "{variant}/"


def listing(folder: Path) -> CheckpointGroup | None:
    """Return the networks that a table in a folder lists, where all of them are there; the table is their pattern."""
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in KINDS):
        try:
            files = find_checkpoints(NetworkSource(table=Pattern(path.name)), folder)
        except PopulationError:  # it lists something else
            continue
        if files:
            return CheckpointGroup(pattern=path.name, variant=None, files=tuple(files), is_listed=True)
    return None


def tables_beside(folder: Path, place: str, group: CheckpointGroup) -> str:
    """Return the lines of a spec that name what Ray Tune wrote beside a group's networks; nothing without it.

    Args:
        folder: The folder with checkpoints.
        place: What its paths in a spec begin with.
        group: Its networks.
    """
    run = folder / group.files[0].variant
    found = [name for name in (OPTIONS, LOG) if group.pattern.startswith(RUN) and (run / name).is_file()]
    if not found:
        return ""
    patterns = ", ".join(toml(f"{place}/{RUN}{name}" if place != "." else RUN + name) for name in found)
    step = f'columns = {{ step = "{STEP}" }}\n' if LOG in found else ""
    return f"table = [{patterns}]\n{step}"
