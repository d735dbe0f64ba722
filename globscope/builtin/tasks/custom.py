"""Any torch module: several inputs, heads, losses and parts, on data of any structure."""

from collections.abc import Mapping
from functools import partial
from math import isfinite
from typing import Any

from attrs import define, field
from attrs.validators import min_len, optional

from globscope.api import Code, Probe, UserCodeError
from globscope.builtin.tasks.custom_probe import CustomProbe
from globscope.builtin.tasks.data.splits import load_splits
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.named_losses import NamedLosses, objective_of
from globscope.builtin.tasks.network import require_mappable


def _numbers(_: Any, attribute: Any, weights: Mapping[str, Any]) -> None:
    """Refuse a table whose values are not all finite numbers."""
    if any(isinstance(weight, bool) or not isinstance(weight, int | float) for weight in weights.values()):
        raise ValueError(f"{attribute.name} must be a table of numbers")
    if not all(map(isfinite, weights.values())):
        raise ValueError(f"{attribute.name} must be finite")


def _texts(_: Any, attribute: Any, parts: Mapping[str, Any]) -> None:
    """Refuse a table whose values are not all texts."""
    if not all(isinstance(loss, str) for loss in parts.values()):
        raise ValueError(f"{attribute.name} must be a table of losses' names")


@define(frozen=True, kw_only=True)
class Custom:
    """Train and score any torch module by losses of your own; every loss is a field of the map.

    `train_loss` and `test_loss` are what is trained, and each named loss is a field beside them: `train_kl`, `test_kl`.

    Attributes:
        model: Your `file.py:name` that returns a torch module with fresh weights, or a dict of modules by name, such as
            a generator and a discriminator.
        model_options: Keyword arguments for your model.
        forward: Your `file.py:name`, a function of (model, batch) that returns the outputs. If unset, the model is
            called with the batch, or with its first item where it is a tuple or list.
        data: Your `file.py:name` that returns a dict of splits (`train`, `test`, …) or a pair of them. A split is a
            tensor, a tuple or dict of tensors whose first axis is the examples, or a torch Dataset or DataLoader.
        data_options: Keyword arguments for your data.
        collate: Your `file.py:name`, a function that makes a batch of a list of examples; torch's own, or that of your
            DataLoader, if unset.
        losses: Your `file.py:name`, a function of (outputs, batch) that returns a mean loss or a dict of them by name,
            or a dict of such functions by name.
        objective: Name of the loss that is trained; if unset, the one called `loss`, or else the sum of all.
        weights: Factors of the losses in the sum that is trained, by name; 1 for the others.
        parts: By part of the model, the name of the loss that trains it, while the other parts are constants:
            `{ generator = "fool", discriminator = "tell_apart" }`.
        metrics: Further measures: `"file.py:name"` is called with (outputs, batch) and returns the mean over the
            batch's examples or a pair (sum, weight); `{ use = "file.py:name", name = "…", whole = true }` is called
            once with all outputs of a split.
    """

    model: Code
    data: Code
    losses: Code
    model_options: dict[str, Any] = field(factory=dict)
    forward: Code | None = None
    data_options: dict[str, Any] = field(factory=dict)
    collate: Code | None = None
    objective: str | None = field(default=None, validator=optional(min_len(1)))
    weights: dict[str, Any] = field(factory=dict, validator=_numbers)
    parts: dict[str, Any] = field(factory=dict, validator=_texts)
    metrics: tuple[Code | Metric, ...] = field(default=(), metadata={"scores_only": True})

    def build(self, device: str) -> Probe:
        """Return the task on a device; trees of tensors are moved there once.

        Raises:
            UserCodeError: A function is missing, fails, or returns something else.
        """
        return CustomProbe(
            make=self._module,
            splits=load_splits(self.data, self.data_options, self.collate),
            losses=NamedLosses.of(self.losses),
            objective=partial(objective_of, chosen=self.objective, weights=self.weights, parts=self.parts),
            device=device,
            default=self.model.default_type(),
            metrics=self.metrics,
        )

    def _module(self) -> Any:
        from torch import nn

        from globscope.builtin.tasks.models.forwarding import Forwarding, call_with_first

        model = self.model.call(**self.model_options)
        if isinstance(model, Mapping):
            model = self._parts(model)
        model = require_mappable(model)
        self._require_parts(model)
        if isinstance(model, nn.ModuleDict) and self.forward is None:
            raise UserCodeError("task.forward: a dict of modules needs one, a function of (model, batch)")
        return Forwarding(model, call_with_first if self.forward is None else self.forward.load("task.forward"))

    def _parts(self, modules: Mapping[Any, Any]) -> Any:
        from torch import nn

        for name, module in modules.items():
            if not (isinstance(name, str) and isinstance(module, nn.Module)):
                raise UserCodeError(f"the task's model: {name!r} must be a torch module, got {type(module).__name__}")
        return nn.ModuleDict(dict(modules))

    def _require_parts(self, model: Any) -> None:
        """Refuse parts that the model does not have, and parameters that none of them trains."""
        if not self.parts:
            return
        trained = [name for name, p in model.named_parameters() if p.requires_grad]
        for part in self.parts:
            if not any(name.startswith(f"{part}.") for name in trained):
                known = ", ".join(dict.fromkeys(name.partition(".")[0] for name in trained))
                raise UserCodeError(f"task.parts: the model has no part {part!r} with parameters; it has {known}")
        for name in trained:
            if not any(name.startswith(f"{part}.") for part in self.parts):
                raise UserCodeError(f"task.parts: no loss trains {name!r}, which is in none of the parts")
