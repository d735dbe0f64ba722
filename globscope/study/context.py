"""What all stages of one study share: spec, store, keys, and the record of what was used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import define, evolve, field, fields, has

from globscope.boundary import component_errors
from globscope.default_type import float32_by_default
from globscope.errors import PluginError, near
from globscope.population.find import CheckpointFile, find_checkpoints
from globscope.population.flatten import FlattenedTask, untrained_parameters
from globscope.population.state_dict import StateDictChoice
from globscope.precision import precise
from globscope.registry import Registry
from globscope.returned.numbers import checked_instance
from globscope.returned.results import checked_probe
from globscope.roles import Digests, Fits, Probe, Task, Workers, offered
from globscope.scoring.draws import draws
from globscope.spec.model import AlignerEntry, Spec
from globscope.store import Store, fingerprint, key, read_json, write_json
from globscope.study.observer import Observer
from globscope.threads import same_threads
from globscope.values.chart import Progress
from globscope.workers import ThisProcess

SECONDS = "seconds.json"


class Remembered:
    """A task that builds its probe once a device; pickled, it is the task alone.

    Attributes:
        task: The task.
        key: Of all that it depends on; None where that is not known.
    """

    def __init__(self, task: Task, key: str | None = None) -> None:
        """Wrap a task."""
        self.task, self.key = task, key
        self._probes: dict[str, Probe] = {}
        self._digest: str | None = None

    def build(self, device: str) -> Probe:
        """Return the task on a device."""
        if device not in self._probes:
            self._probes[device] = self.task.build(device)
        return self._probes[device]

    def digest(self) -> str | None:
        """Return the hash of what a user's function returned; None where the task's options say all."""
        hashing = offered(self.build("cpu"), Digests)
        if hashing is not None and self._digest is None:
            self._digest = hashing.digest()
        return self._digest

    @cached_property
    def draws(self) -> bool:
        """Whether scoring a network draws random numbers.

        Raises:
            EvaluationError: It does so in a way that no seed repeats.
        """
        return draws(self.build("cpu"), "cpu")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Remembered, (self.task,)) if self.key is None else (_arrived, (self.task, self.key))


# Tasks that came from another process, by key: the last one, and the one that it is made of.
_ARRIVED: dict[str, Remembered] = {}


def _arrived(task: Task, key: str) -> Remembered:
    """Return a task that came from another process, with what was built of it in this one."""
    if key not in _ARRIVED:
        for old in list(_ARRIVED)[:-1]:
            del _ARRIVED[old]
        _ARRIVED[key] = Remembered(task, key)
    return _ARRIVED[key]


def _trained(task: Any) -> Any:
    """Return a task without what only scores: options whose metadata say `scores_only` have no part in training."""
    options = fields(type(task)) if has(type(task)) else ()
    scoring = {option.name: option.default for option in options if option.metadata.get("scores_only")}
    return evolve(task, **scoring) if scoring else task


class Latest:
    """The task of the study before, for the next of a sweep that has the same: its data is read once.

    One task only, for two may not fit into memory.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._identity: Any = None
        self._task: Remembered | None = None

    def task(self, task: Task, identity: Any) -> Remembered:
        """Return a task, built already where the last one was of the same identity."""
        if self._task is None or identity != self._identity:
            self._task = None  # before the next one is built
            self._task, self._identity = Remembered(task), identity
        return self._task


@define
class Context:
    """A study at work.

    Attributes:
        spec: What is asked.
        registry: Where its components come from.
        store: Where results go.
        observer: Who hears of progress.
        latest: The task of the study before in a sweep.
        workers: Where its work runs.
        whole: The task with all of its weights, as it is trained.
        training_key: Of the task as far as networks are trained by it.
        task: The task by what of its weights is flattened.
        used: Every stage's key and seconds, in order: the manifest.
        aligners: Those at work, by name.
        truth: Fields of members' own networks that were measured, by the members' keys.
    """

    spec: Spec
    registry: Registry
    store: Store
    observer: Observer
    latest: Latest = field(factory=Latest)
    workers: Workers = field(factory=ThisProcess)
    used: dict[str, dict[str, Any]] = field(factory=dict)
    aligners: dict[str, Any] = field(factory=dict)
    truth: dict[str, dict[str, float]] = field(factory=dict)
    whole: Remembered = field(init=False)
    whole_key: str = field(init=False)
    training_key: str = field(init=False)
    task: Remembered = field(init=False)
    task_key: str = field(init=False)

    @float32_by_default()
    def __attrs_post_init__(self) -> None:
        task, first = self._fitting()
        identity = fingerprint(self.identity(task))  # here, for it reads files
        self.whole = self.task = self.latest.task(task, identity)
        with self.blaming(task):
            probe = checked_probe(self.who(task), self.whole.build("cpu"))
        # What a user's function returned, wherever it took it from, belongs to the key as his files do.
        self.whole_key = self.task_key = self.whole.key = key("task", identity, self.whole.digest())
        self.training_key = key("task", fingerprint(self.identity(_trained(task))), self.whole.digest())
        choice = self.spec.population
        if choice.chooses or (first and untrained_parameters(probe)):
            self.task_key = key(self.whole_key, choice.flatten, choice.include, choice.exclude, *_identity(first))
            self.task = Remembered(FlattenedTask(self.whole, choice, first), self.task_key)

    def _fitting(self) -> tuple[Task, CheckpointFile | None]:
        """Return the task, where it can with a model like that of the checkpoints, and the first of these."""
        task: Task = self.spec.task.component
        pattern = self.spec.population.checkpoints
        if pattern is None:
            return task, None
        first = find_checkpoints(self.spec.population, self.spec.source.resolve().parent)[0]
        fits = offered(task, Fits)
        if fits is None:
            return task, first
        names = frozenset(first.read().tensors)
        with self.blaming(task):
            fitting = fits.for_tensors(names)
        return checked_instance(f"{self.who(task)}: for_tensors", fitting, type(task)), first

    def identity(self, component: Any) -> list[Any]:
        """Return what a component contributes to keys: name, version, options, its files' bytes."""
        entry = self.registry.of(component)
        return [entry.role, entry.name, entry.distribution, entry.version, component]

    def aligner(self, name: str) -> AlignerEntry:
        """Return an aligner of the spec, or one with its defaults by its own name.

        Raises:
            PluginError: There is none, or it has options without a default.
        """
        listed = {entry.name: entry for entry in self.spec.aligner}
        if name in listed:
            return listed[name]
        known = self.registry.role("aligner")
        if name not in known:
            raise PluginError(f"there is no aligner {name!r}; {near(name, [*listed, *known])}")
        try:
            return AlignerEntry(use=name, name=name, component=known[name].cls())
        except TypeError as error:
            raise PluginError(f"aligner {name!r} needs options: give it a table [[aligner]]") from error

    def stage(
        self, name: str, identity: str, work: Callable[[Path, Progress], None], label: str = "", *, told: bool = True
    ) -> Path:
        """Return a finished stage's folder, working it out if needed; the observer hears of it if it is `told`."""
        # A stage that is asked for again under another label is still what it was at first.
        label = self.used.get(f"{name}/{identity}", {}).get("stage", label or name)
        observer = self.observer if told else Observer()
        if self.store.done(name, identity):
            observer.reuse(label)
        folder = self.store.stage(
            name,
            identity,
            lambda part: _timed(part, lambda p: work(p, observer.stage(label))),
            waiting=lambda: observer.waiting(label),
        )
        self.used[f"{name}/{identity}"] = {"stage": label, "seconds": read_json(folder / SECONDS)["seconds"]}
        return folder

    def stages(
        self,
        name: str,
        of: Mapping[str, str],
        work: Callable[[Mapping[str, Path], Progress], Iterator[tuple[str, float]]],
    ) -> None:
        """Compute those of several stages that are not finished, all at once; `of` says by key what they are of.

        `work` yields the key of each as it is finished, with the seconds that it took.
        """
        missing = [one for one in of if not self.store.done(name, one)]
        for one in of:
            if one not in missing:
                self.observer.reuse(f"{name} {of[one]}")
        label = f"{name} {several([of[one] for one in missing])}" if missing else ""

        def begun(parts: Mapping[str, Path]) -> Iterator[str]:
            progress = self.observer.stage(f"{name} {several([of[one] for one in parts])}")
            return _finished(parts, work(parts, progress))

        self.store.stages(name, missing, begun, waiting=lambda: self.observer.waiting(label))
        for one, what in of.items():
            seconds = read_json(self.store.place(name, one) / SECONDS)["seconds"]
            self.used[f"{name}/{one}"] = {"stage": f"{name} {what}", "seconds": seconds}

    @contextmanager
    def blaming(self, component: Any) -> Iterator[None]:
        """Turn what a stranger's component raises into an error that names its distribution."""
        with component_errors(self.registry, component):
            yield

    def who(self, component: Any) -> str:
        """Return a component's name with its distribution, for messages."""
        return self.registry.of(component).label


def _identity(first: CheckpointFile | None) -> list[Any]:
    """Return what of the first checkpoint counts, whoever it is: its file's bytes, and how they are read."""
    if first is None or first.choice == StateDictChoice():
        return [None if first is None else first.path]
    return [first.path, first.choice]


def _timed(part: Path, work: Callable[[Path], None]) -> None:
    start = perf_counter()
    # On the number of threads depend a result's last bits; fewer bits than float32's are for those who ask for that.
    with same_threads(), precise("float32", "cpu"):
        work(part)
    write_json(part / SECONDS, {"seconds": round(perf_counter() - start, 3)})


def _finished(parts: Mapping[str, Path], finished: Iterator[tuple[str, float]]) -> Iterator[str]:
    """Yield what is finished, once its seconds are written."""
    with same_threads(), precise("float32", "cpu"):
        for key_of, seconds in finished:
            write_json(parts[key_of] / SECONDS, {"seconds": round(seconds, 3)})
            yield key_of


def several(names: Sequence[str]) -> str:
    """Return in a few words what is worked out at once."""
    if len(names) == 1:
        return names[0]
    told = [*names[:2], "…", names[-1]] if len(names) > 4 else names
    return f"{', '.join(told)} ({len(names)} at once)"
