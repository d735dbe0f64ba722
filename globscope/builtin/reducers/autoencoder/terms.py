"""Terms of the autoencoder's loss in the user's or a stranger's code."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from attrs.validators import gt

from globscope.api import Code, MapFit, UserCodeError


@define(frozen=True, kw_only=True)
class Term:
    """A term of the autoencoder's loss.

    Attributes:
        use: `file.py:name` or `package.module:name`, a function of a `MapFit` that returns a scalar tensor.
        weight: Its weight at the start, which follows the schedule as the learning rate does.
        options: Further arguments of the function, by name.
    """

    use: Code
    weight: float = field(validator=gt(0))
    options: dict[str, Any] = field(factory=dict)

    def check(self, place: str) -> None:
        """Refuse a function that is missing, or does not take these options.

        Raises:
            UserCodeError: With the place of the term in the spec.
        """
        function = self.use.load(f"{place}.use")
        if not callable(function):
            raise UserCodeError(f"{place}.use: {self.use} cannot be called: it is of type {type(function).__name__}")
        try:
            inspect.signature(function).bind(None, **self.options)
        except TypeError as error:
            raise UserCodeError(f"{place}: {self.use}{inspect.signature(function)}: {error}") from error

    def of(self, fit: MapFit, place: str) -> Any:
        """Return the weighted term.

        Raises:
            UserCodeError: The function failed, or did not return a scalar that depends on the map's parameters.
        """
        try:
            value = self.use.call(fit, **self.options)
        except UserCodeError as error:
            raise UserCodeError(f"{place}: {error}") from error
        if not _is_scalar(value):
            shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
            got = f"{type(value).__name__}{shape}"
            raise UserCodeError(f"{place}: {self.use} must return a scalar tensor with a gradient, got {got}")
        return self.weight * value


def sum_of_terms(terms: Sequence[Term], fit: Callable[[Any], MapFit], network: Any) -> Any:
    """Return the sum of the weighted terms of a network [encoder, decoder]."""
    return sum(term.of(fit(network), f"reducer.terms.{number}") for number, term in enumerate(terms))


def _is_scalar(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor) and value.ndim == 0 and value.requires_grad
