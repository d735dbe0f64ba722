"""What is learnt, and what a task may offer beside its probe."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Protocol

from attrs import define

from globscope.roles.probe import Probe


class Task(Protocol):
    """What is learnt: model, data and loss. Picklable: holds options and references only.

    An option whose metadata say `scores_only` has no part in training: where it changes, networks are scored again, and
    none is trained again.
    """

    def build(self, device: str) -> Probe:
        """Return the task on a device."""
        ...


@define(frozen=True, eq=False)
class PreparedTask:
    """A task that builds one probe, so that its network is traced once.

    Attributes:
        probe: What it builds, on the device that it is on.
    """

    probe: Probe

    def build(self, device: str) -> Probe:
        """Return the probe."""
        del device
        return self.probe


class Fits(Protocol):
    """A task whose variants of an architecture differ in their tensors' names."""

    def for_tensors(self, names: Set[str]) -> Task:
        """Return the same task with the model whose tensors have these names."""
        ...


class Recognises(Protocol):
    """A task class that knows its models by their tensors, for `globscope init FOLDER`."""

    def recognise(self, shapes: Mapping[str, tuple[int, ...]]) -> Mapping[str, Any] | None:
        """Return the options of the task whose model has such tensors, None where it knows none; a class method."""
        ...


class RecognisesFolders(Protocol):
    """A task class that knows its models by the files beside their weights, for `globscope init FOLDER`."""

    def recognise_folder(self, folder: Path) -> Mapping[str, Any] | None:
        """Return the options of the task for a checkpoint's folder, None where it knows nothing of it; a class method.

        Paths among the options are written relative to the spec.
        """
        ...
