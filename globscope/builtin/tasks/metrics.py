"""The user's own measures: functions of a model's outputs and the targets."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Code, Description, Field, UserCodeError, default_type
from globscope.builtin.tasks.criterion import forbid_writing
from globscope.builtin.tasks.number_types import copy_tree
from globscope.builtin.tasks.trial import as_user_error

ACCEPTED = "must return a real number, the mean over the examples, or a pair (sum, weight)"
WHOLE = "must return a real number"


@define(frozen=True, kw_only=True)
class Metric:
    """A user's measure with options.

    Attributes:
        use: `file.py:name`, a function of (outputs, targets).
        name: Of the measure, whose fields are `train_<name>` and `test_<name>`; the function's where it is empty.
        whole: Call the function once with all outputs and targets of a split, for what is not a mean over batches.
        label: What pictures and tables call the measure; its name with spaces for underscores where it is empty.
        unit: What a value is counted in, for the axes of pictures.
        higher_is_better: Whether a higher value is the better one.
        logarithmic: Draw the measure on a logarithmic scale.
    """

    use: Code
    name: str = ""
    whole: bool = False
    label: str = ""
    unit: str = ""
    higher_is_better: bool = False
    logarithmic: bool = False

    @property
    def key(self) -> str:
        """The measure's name in the fields' keys."""
        return self.name or self.use.name

    @property
    def description(self) -> Description | None:
        """The measure's description for people; None where no option sets it."""
        if not (self.label or self.unit or self.higher_is_better or self.logarithmic):
            return None
        return Description(
            name=self.label or Field.of(self.key).name,
            unit=self.unit,
            higher_is_better=self.higher_is_better,
            is_logarithmic=self.logarithmic,
        )


@define(frozen=True, kw_only=True)
class Measure:
    """A metric whose function is loaded.

    Attributes:
        name: Name of the measure.
        function: The user's function of (outputs, targets).
        whole: Whether it takes all outputs of a split at once.
        default: torch's default floating-point type in the function's module.
        description: Its description for people; None where no option sets it.
    """

    name: str
    function: Callable[[Any, Any], Any]
    whole: bool
    default: Any
    description: Description | None = None

    def of_batch(self, returned: Any, targets: Any, count: int) -> tuple[Any, float]:
        """Return the measure's sum over a batch of so many examples and its weight.

        Raises:
            UserCodeError: The function fails, writes into the outputs, or returns no number and no pair.
        """
        value = self._call(returned, targets)
        if not isinstance(value, tuple):
            return self._number(value, ACCEPTED, targets) * count, float(count)
        if len(value) != 2:
            raise self._refusal(f"{len(value)} values", ACCEPTED)
        total, weight = (self._number(part, ACCEPTED, targets) for part in value)
        if not float(weight) >= 0:
            raise self._refusal(f"the weight {float(weight):g}", f"{ACCEPTED}, of which the weight is not negative")
        return total, float(weight)

    def of_split(self, parts: Sequence[tuple[Any, Any]]) -> Any:
        """Return the measure, a scalar tensor, of all batches of a split.

        Args:
            parts: The model's outputs for each batch, and the targets, which may be tensors in a container.

        Raises:
            UserCodeError: The function fails or returns no number, or the outputs cannot be concatenated.
        """
        outputs, held = zip(*parts, strict=True)
        returned, targets = self._concatenate(outputs, "the model returns"), self._concatenate(held, "the batch is")
        return self._number(self._call(returned, targets), WHOLE, targets)

    def _call(self, returned: Any, targets: Any) -> Any:
        place = f"task.metrics: {self.name}"
        with as_user_error(f"{place} fails"), default_type(self.default), forbid_writing(returned, place):
            return self.function(returned, copy_tree(targets))

    def _concatenate(self, batches: Sequence[Any], what: str) -> Any:
        """Return the outputs of all batches: tensors, also in containers, along their first axis, scalars stacked."""
        import torch
        from torch.utils._pytree import tree_leaves, tree_map

        if not all(isinstance(leaf, torch.Tensor) for leaf in tree_leaves(batches[0])):
            raise UserCodeError(
                f"task.metrics: {self.name} is `whole`, and {what} {type(batches[0]).__name__}, which "
                "cannot be joined over batches; tensors, and tuples, lists and dicts of tensors can"
            )
        with as_user_error(f"task.metrics: {self.name} is `whole`, and batches cannot be joined"):
            return tree_map(lambda *leaves: torch.cat(leaves) if leaves[0].ndim else torch.stack(leaves), *batches)

    def _number(self, value: Any, accepted: str, beside: Any) -> Any:
        """Return a float64 scalar, or float32 on a device without float64; NaN stays NaN.

        Raises:
            UserCodeError: It is not a real number, or an integer that float64 cannot hold.
        """
        import torch

        device = _device(beside)
        kind = torch.float32 if device.type == "mps" else torch.float64
        if not _is_number(value):
            raise self._refusal(_describe(value), accepted)
        if (integer := _integer(value)) is not None and int(float(integer)) != integer:
            raise self._refusal(f"{integer}, which float64 cannot hold exactly", accepted)
        if isinstance(value, torch.Tensor):
            return value.detach().reshape(()).to(device, kind)
        return torch.tensor(float(value), dtype=kind, device=device)

    def _refusal(self, got: str, accepted: str) -> UserCodeError:
        return UserCodeError(f"task.metrics: {self.name} {accepted}, got {got}")


def _device(tree: Any) -> Any:
    """Return the device of the first tensor in any container; the CPU where there is none."""
    import torch
    from torch.utils._pytree import tree_leaves

    devices = (leaf.device for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor))
    return next(devices, torch.device("cpu"))


def _is_number(value: Any) -> bool:
    """Return whether a value is one real number of Python, NumPy or torch."""
    import torch

    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and not value.is_complex()
    if isinstance(value, np.ndarray | np.generic):
        return value.shape == () and value.dtype.kind in "fiub"
    return isinstance(value, Real)


def _describe(value: Any) -> str:
    """Return the type and shape of a value that is not a real number."""
    kind, shape = type(value).__name__, tuple(value.shape) if hasattr(value, "shape") else ()
    if hasattr(value, "dtype") and "complex" in str(value.dtype):
        return f"{kind} of complex numbers"
    return f"{kind} of shape {shape}" if shape else kind


def _integer(value: Any) -> int | None:
    """Return a number of an integer type as an integer; None for other numbers."""
    import torch

    if isinstance(value, torch.Tensor):
        return None if value.is_floating_point() else int(value)
    return int(value) if isinstance(value, Integral) or np.asarray(value).dtype.kind in "iu" else None


def measures(metrics: Iterable[Code | Metric], taken: Sequence[str]) -> dict[str, Measure]:
    """Return metrics with loaded functions, by their names, none of which may be among those that are `taken`.

    Raises:
        UserCodeError: A function is missing, or two measures have one name.
    """
    ready: dict[str, Measure] = {}
    for number, metric in enumerate(metrics):
        options = Metric(use=metric) if isinstance(metric, Code) else metric
        name = options.key
        if name in taken or name in ready:
            raise UserCodeError(
                f"task.metrics.{number}: there is a measure {name!r} already; give this one another name: "
                f'{{ use = "{options.use.name}", name = "…" }}'
            )
        if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII):
            raise UserCodeError(
                f"task.metrics.{number}.name: must be letters, digits and _, a letter first; got {name!r}"
            )
        function = options.use.load()
        if not callable(function):
            raise UserCodeError(
                f"task.metrics.{number}: {options.use} cannot be called: it is of type {type(function).__name__}"
            )
        ready[name] = Measure(
            name=name,
            function=function,
            whole=options.whole,
            default=options.use.default_type(),
            description=options.description,
        )
    return ready


def measure_batch(
    measures_: Mapping[str, Measure], returned: Any, targets: Any, count: int
) -> dict[str, tuple[Any, float]]:
    """Return each measure's sum and weight over a batch, or its inputs if it takes a whole split at once.

    Args:
        measures_: The measures by name.
        returned: What the model returned.
        targets: What the measures take beside it: the targets, or the batch.
        count: The number of examples in the batch.
    """
    return {
        name: ((returned, targets), float(count)) if measure.whole else measure.of_batch(returned, targets, count)
        for name, measure in measures_.items()
    }
