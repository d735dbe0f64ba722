"""What finds a chart, and what it may offer beside its fit."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from attrs import define

from globscope.values.chart import Chart, ReducerInputs


class Reducer(Protocol):
    """Finds a chart."""

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return a chart fitted to the members; equal inputs and `rng` give an equal chart."""
        ...


@define(frozen=True, kw_only=True)
class ReducerTraits:
    """Class variables and options of a reducer, with what holds where one is absent.

    Attributes:
        own_space: The chart defines its own space; no member coordinates are passed in a study, one member is enough,
            and `latent_dim` may exceed the members' directions.
        centred: The chart has a `centre`.
        why_no_inverse: Why no chart of this kind decodes; a study is planned accordingly.
        needs: Networks (`variant` or `variant@step`) that it cannot do without.
        latent_dim: Axes of the chart.
    """

    own_space: bool = False
    centred: bool = False
    why_no_inverse: str = ""
    needs: tuple[str, ...] = ()
    latent_dim: int | None = None


class Restores(Protocol):
    """A reducer that rebuilds a chart without a fit."""

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart whose `arrays` these are."""
        ...


class Tries(Protocol):
    """A reducer whose time `globscope check` can measure."""

    def trial(self, members: int) -> tuple[Reducer, float] | None:
        """Return a reducer whose fit to so many members takes a second at most, and how many times as long this takes.

        None where no short fit can tell.
        """
        ...
