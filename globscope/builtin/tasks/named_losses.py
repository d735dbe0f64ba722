"""Losses of the user's by name, and which of them is trained."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from attrs import define, field

from globscope.api import STANDARD_ERROR, Code, UserCodeError, default_type, near
from globscope.builtin.tasks.criterion import forbid_writing
from globscope.builtin.tasks.number_types import at_least_float32, copy_tree

LOSS = "loss"
ACCEPTED = "must return one mean loss, or a dict of mean losses by name, each a torch scalar"


@define(frozen=True, kw_only=True)
class NamedLosses:
    """The user's losses of a batch.

    Attributes:
        function: A function of (outputs, batch), or such functions by name.
        default: torch's default floating-point type in their module.
    """

    function: Callable[[Any, Any], Any] | Mapping[str, Callable[[Any, Any], Any]]
    default: Any = None

    @classmethod
    def of(cls, code: Code) -> "NamedLosses":
        """Return the losses that a reference names.

        Raises:
            UserCodeError: It is no function, and no dict of functions.
        """
        function = code.load()
        functions = [*function.values()] if isinstance(function, Mapping) else [function]
        if not functions or not all(map(callable, functions)):
            raise UserCodeError(
                f"task.losses: {code} must be a function of (outputs, batch), or a dict of such functions"
            )
        return cls(function=function, default=code.default_type())

    def __call__(self, returned: Any, data: Any) -> dict[str, Any]:
        """Return the mean losses of a batch by name, scalar tensors of at least float32.

        Raises:
            UserCodeError: They write into the outputs, or are something else.
        """
        with default_type(self.default), forbid_writing(returned, "task.losses"):
            if isinstance(self.function, Mapping):
                values = {name: one(returned, copy_tree(data)) for name, one in self.function.items()}
            else:
                values = self.function(returned, copy_tree(data))
        values = values if isinstance(values, Mapping) else {LOSS: values}
        for name, value in values.items():
            _require_loss(name, value)
        return {name: at_least_float32(value) for name, value in values.items()}


def _require_loss(name: Any, value: Any) -> None:
    import torch

    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name.endswith(STANDARD_ERROR):
        raise UserCodeError(f"task.losses: a name must be letters, digits and _, a letter first; got {name!r}")
    if not isinstance(value, torch.Tensor):
        raise UserCodeError(f"task.losses: {ACCEPTED}, got {name} = {type(value).__name__}")
    if value.ndim or not value.is_floating_point():
        kind = str(value.dtype).removeprefix("torch.")
        raise UserCodeError(f"task.losses: {ACCEPTED}, got {name} of shape {tuple(value.shape)} and type {kind}")


@define(frozen=True, kw_only=True)
class Objective:
    """What is trained: a weighted sum of losses, or for every part of the model a loss of its own.

    Attributes:
        weights: Factors of the losses, by name.
        parts: By part of the model, the name of the loss that trains it; empty where one sum trains all.
    """

    weights: Mapping[str, float]
    parts: Mapping[str, str] = field(factory=dict)

    def __call__(self, losses: Mapping[str, Any]) -> Any:
        """Return the weighted sum of a batch's losses."""
        terms = [losses[name] if weight == 1 else weight * losses[name] for name, weight in self.weights.items()]
        return sum(terms[1:], terms[0])

    def rows(self, parameters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each part's loss, and the parameters of which all but the part's own are constants."""
        for part, loss in self.parts.items():
            yield loss, {name: p if name.startswith(f"{part}.") else p.detach() for name, p in parameters.items()}


def objective_of(
    names: Collection[str], chosen: str | None, weights: Mapping[str, float], parts: Mapping[str, str]
) -> Objective:
    """Return the objective that a task's options name.

    Args:
        names: Names of the losses.
        chosen: Name of the loss that is trained; the loss called `loss`, or the sum of all, where it is unset.
        weights: Factors of the losses in the sum, by name; 1 where they are missing.
        parts: By part of the model, the name of the loss that trains it.

    Raises:
        UserCodeError: An option names no loss, or options do not go together.
    """
    _require_choice(names, chosen, weights, parts)
    one = chosen or (LOSS if LOSS in names and not weights and not parts else "")
    if LOSS in names and one != LOSS:
        raise UserCodeError(
            f"task.losses: the field {LOSS!r} is what is trained; give the loss of that name another one"
        )
    factors = dict.fromkeys([one] if one else parts.values(), 1.0)
    factors = factors or {name: float(weights.get(name, 1)) for name in names}
    if not any(factors.values()):
        raise UserCodeError("task.weights: every loss has the weight 0, so nothing is trained")
    return Objective(weights={name: factor for name, factor in factors.items() if factor}, parts=parts)


def _require_choice(
    names: Collection[str], chosen: str | None, weights: Mapping[str, float], parts: Mapping[str, str]
) -> None:
    """Refuse options that name no loss, or of which several say what is trained."""
    if sum(map(bool, (chosen, weights, parts))) > 1:
        raise UserCodeError("task.objective, task.weights and task.parts: one of them says what is trained")
    for option, wanted in (("objective", [chosen] if chosen else []), ("weights", weights), ("parts", parts.values())):
        for name in wanted:
            if name not in names:
                raise UserCodeError(f"task.{option}: there is no loss {name!r}; {near(name, names)}")
