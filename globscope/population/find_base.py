"""The base of a population: adapters are read with it, and it is a member itself."""

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve

from globscope.errors import PopulationError
from globscope.population.adapter import is_adapter
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.folder_walk import file_problem
from globscope.population.saved_folder import checkpoint_in
from globscope.population.state_dict import StateDictChoice
from globscope.spec.population import PopulationSpec

# The variant as which the base is a member.
BASE = "base"
OTHER_MODEL = (
    "the base is of another model than the task's: name the network from which the members were trained, or say with "
    "population.rename how its tensors are called"
)


def base_file(source: PopulationSpec) -> CheckpointFile | None:
    """Return the base that a spec names as a checkpoint file; None where it names none.

    Raises:
        PopulationError: It is no file that can be read, or an adapter.
    """
    if source.base is None:
        return None
    path = checkpoint_in(source.base)
    problem = file_problem(path)
    if not problem and is_adapter(path):
        problem = "is an adapter; name the network that it was trained on"
    if problem:
        raise PopulationError(f"population.base: {path} {problem}")
    choice = StateDictChoice(key=source.key, rename=source.rename)
    return CheckpointFile(path=path, variant=BASE, step=0, choice=choice)


def is_base(file: CheckpointFile, source: PopulationSpec) -> bool:
    """Return whether a file is the base that a spec names."""
    return source.base is not None and file.path == checkpoint_in(source.base)


def with_base(files: Sequence[CheckpointFile], source: PopulationSpec) -> list[CheckpointFile]:
    """Return a population's files, after the base where it is a member; adapters know their base.

    Raises:
        PopulationError: No such base, adapters among whole networks, or a training run that has the base's name.
    """
    base = base_file(source)
    if base is None:
        return list(files)
    adapters = [file for file in files if is_adapter(file.path)]
    if adapters and len(adapters) < len(files):
        other = next(file for file in files if not is_adapter(file.path))
        raise PopulationError(
            f"population.checkpoints: {adapters[0].path} is an adapter and {other.path} a whole network; "
            "make a study of each, or merge the adapters into their base"
        )
    of_members = base.path if adapters else None
    members = [evolve(file, base=of_members) for file in files]
    if not source.include_base or _is_among(base.path, files):
        return members
    if any(file.variant == BASE for file in files):
        raise PopulationError(
            f"population.base: the base is the variant {BASE!r}, which is also a run of population.checkpoints; "
            "give the run another name with population.variant, or set include_base = false"
        )
    return [evolve(base, base=of_members), *members]


def _is_among(path: Path, files: Sequence[CheckpointFile]) -> bool:
    return path.resolve() in {file.path.resolve() for file in files}
