"""A study's task, built once a device, in the forms in which it is trained and mapped."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from attrs import define, evolve, fields, has

from globscope.boundary import component_errors
from globscope.errors import PopulationError, UserCodeError, near
from globscope.pipeline.stage_keys import component_key
from globscope.population.adapted_names import changed_tensors
from globscope.population.checkpoint import checkpoint_files
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.population.find_base import base_file
from globscope.population.flatten import FlattenedTask, untrained_parameters
from globscope.population.state_dict import StateDictChoice
from globscope.references import Code
from globscope.registry import Registry
from globscope.returned.numbers import checked_instance
from globscope.returned.results import checked_probe
from globscope.roles import Digests, Fits, Probe, Task, capability
from globscope.scoring.draws import draws
from globscope.spec.study_spec import Spec
from globscope.store import key
from globscope.torch_settings import float32_by_default


class BuiltTask:
    """A task that builds its probe once a device; pickled, it is the task alone.

    Attributes:
        task: The task that was built.
        origin: Key of the task's options and of the files that they name.
    """

    def __init__(self, task: Task, origin: str) -> None:
        """Wrap a task."""
        self.task, self.origin = task, origin
        self._probes: dict[str, Probe] = {}

    def build(self, device: str) -> Probe:
        """Return the task on a device."""
        if device not in self._probes:
            self._probes[device] = self.task.build(device)
        return self._probes[device]

    @cached_property
    def key(self) -> str:
        """Of all that the task depends on: what a user's function returned too, wherever it took that from."""
        return key("task", self.origin, self.digest)

    @cached_property
    def digest(self) -> str | None:
        """Hash of what a user's function returned; None where the task's options say all."""
        hashing = capability(self.build("cpu"), Digests)
        return None if hashing is None else hashing.digest()

    @cached_property
    def draws(self) -> bool:
        """Whether scoring a network draws random numbers.

        Raises:
            EvaluationError: It does so in a way that no seed repeats.
        """
        return draws(self.build("cpu"), "cpu")

    def __reduce__(self) -> tuple[Any, ...]:
        return _task_from_process, (self.task, self.origin, self.key)


# Tasks that came from another process, by key: the last one, and the one that it is made of.
_FROM_PROCESSES: dict[str, BuiltTask] = {}


def _task_from_process(task: Task, origin: str, key: str) -> BuiltTask:
    """Return a task that came from another process, with what was built of it in this one."""
    if key not in _FROM_PROCESSES:
        for old in list(_FROM_PROCESSES)[:-1]:
            del _FROM_PROCESSES[old]
        _FROM_PROCESSES[key] = BuiltTask(task, origin)
    return _FROM_PROCESSES[key]


class TaskCache:
    """The task that was built last, for the next study of a sweep that has the same: its data is read once.

    One task only, for two may not fit into memory.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._built: BuiltTask | None = None

    def task(self, task: Task, origin: str) -> BuiltTask:
        """Return a task, built already where the last one has the same origin."""
        if self._built is None or origin != self._built.origin:
            self._built = None  # before the next one is built
            self._built = BuiltTask(task, origin)
        return self._built


@define(frozen=True, kw_only=True)
class StudyTask:
    """The task of a study in its two forms.

    Attributes:
        whole: With all of its weights, as it is trained.
        flattened: By what of its weights is flattened.
        training_key: Of the task as far as networks are trained by it.
    """

    whole: BuiltTask
    flattened: BuiltTask
    training_key: str


@float32_by_default()
def build_task(spec: Spec, registry: Registry, cache: TaskCache) -> StudyTask:
    """Return a study's task, built on the CPU.

    Raises:
        GlobscopeError: It cannot be built, or the checkpoints cannot be read.
    """
    _require_code(spec.task.component)
    files = find_checkpoints(spec.population, spec.folder) if spec.population.reads_files else []
    base = base_file(spec.population)
    networks = files if base is None else [base, *files]
    task = _fitting(spec, registry, networks)
    whole = flattened = cache.task(task, component_key(registry, task))
    with component_errors(registry, task):
        probe = checked_probe(registry.of(task).label, whole.build("cpu"))
    choice, changed = spec.population, _tensors_of_adapters(files, probe)
    source = _source(choice.unmapped, networks)
    if choice.chooses or changed or (source and untrained_parameters(probe)):
        replaces = [] if choice.unmapped is None else ["unmapped"]
        chosen = key(whole.key, choice.flatten, choice.include, choice.exclude, *_origin(source), *replaces, *changed)
        flattened = BuiltTask(FlattenedTask(whole, choice, source, changed), chosen)
    training_key = key("task", component_key(registry, _without_scoring(task)), whole.digest)
    return StudyTask(whole=whole, flattened=flattened, training_key=training_key)


def _require_code(task: Any) -> None:
    """Import the user's files that a task names, so that all that is wrong with them is reported at once.

    Raises:
        UserCodeError: With a line for each file that fails, or has no such name.
    """
    named = {option.name: getattr(task, option.name) for option in fields(type(task))}
    problems = [_code_problem(name, code) for name, code in named.items() if isinstance(code, Code) and code.is_file]
    if any(problems):
        raise UserCodeError("\n".join(filter(None, problems)))


def _code_problem(name: str, code: Code) -> str:
    try:
        code.load(f"task.{name}")
    except UserCodeError as error:
        return str(error)
    return ""


def _fitting(spec: Spec, registry: Registry, files: Sequence[CheckpointFile]) -> Task:
    """Return the task, where it can with a model like that of the first checkpoint."""
    task: Task = spec.task.component
    fits = capability(task, Fits)
    if fits is None or not files:
        return task
    names = frozenset(files[0].read().tensors)
    with component_errors(registry, task):
        fitting = fits.for_tensors(names)
    return checked_instance(f"{registry.of(task).label}: for_tensors", fitting, type(task))


def _source(unmapped: str | None, files: Sequence[CheckpointFile]) -> CheckpointFile | None:
    """Return the checkpoint with the tensors that are not mapped: that of a name, `A@40` or `A`, or the first.

    Raises:
        PopulationError: There is no network of that name.
    """
    if unmapped is None:
        return files[0] if files else None
    # Files come in the order of their steps: a run's name is that of its last.
    named = {name: file for file in files for name in (file.variant, f"{file.variant}@{file.step}")}
    if unmapped not in named:
        raise PopulationError(f"population.unmapped: there is no network {unmapped!r}; {near(unmapped, named)}")
    return named[unmapped]


def _tensors_of_adapters(files: Sequence[CheckpointFile], probe: Probe) -> tuple[str, ...]:
    """Return the names of the tensors that adapters change; nothing where the population is of whole networks.

    Raises:
        PopulationError: An adapter cannot be read, changes what the model does not have, or nothing.
    """
    adapters = [file for file in files if file.base is not None]
    changed = changed_tensors(adapters, probe)
    if adapters and not changed:
        raise PopulationError(f"{adapters[-1].path}: changes no parameter of the model")
    return changed


def _without_scoring(task: Any) -> Any:
    """Return a task without what only scores: options whose metadata say `scores_only` have no part in training."""
    options = fields(type(task)) if has(type(task)) else ()
    scoring = {option.name: option.default for option in options if option.metadata.get("scores_only")}
    return evolve(task, **scoring) if scoring else task


def _origin(source: CheckpointFile | None) -> list[Any]:
    """Return what of a checkpoint counts, whatever its name: its files' bytes, and how they are read."""
    if source is None:
        return [None]
    files = checkpoint_files(source.path)
    return files if source.choice == StateDictChoice() else [*files, source.choice]
