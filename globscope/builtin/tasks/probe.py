"""The probe of a task whose model and loss are built in, or the user's own."""

from collections.abc import Callable
from typing import Any

from globscope.api import Code
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.likelihood import Likelihood
from globscope.builtin.tasks.models import is_named
from globscope.builtin.tasks.supervised import Supervised


def supervised_probe(
    task: Any,
    device: str,
    arrays: Arrays,
    *,
    network: Callable[[], Any],
    loss: Callable[[Any, Any], Any],
    likelihood: Likelihood,
    wrap: Callable[[Any], Any] = lambda module: module,
    **settings: Any,
) -> Supervised:
    """Return the probe of a task on a device.

    Args:
        task: The task with its options `model`, `model_options`, `loss` and `metrics`.
        device: Name of the device.
        arrays: Inputs and targets of both splits.
        network: Returns the named model with fresh weights, where the user's own function returns none.
        loss: The built-in loss, a function of (outputs, targets), if the user names none.
        likelihood: The distribution whose −log is the built-in loss.
        wrap: Makes the task's module of either model.
        settings: Further arguments of `Supervised`.

    Raises:
        UserCodeError: The model, data or loss is missing, fails, or is something else.
    """
    is_user_model, is_user_loss = not is_named(task.model), isinstance(task.loss, Code)
    return Supervised(
        make=lambda: wrap(task.model.call(**task.model_options) if is_user_model else network()),
        arrays=arrays,
        loss=task.loss.load("task.loss") if is_user_loss else loss,
        supplied=is_user_loss,
        likelihood=None if is_user_loss else likelihood,
        metrics=task.metrics,
        default=task.model.default_type() if is_user_model else None,
        device=device,
        **settings,
    )
