"""What finds a chart, and what it may offer beside its fit."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from attrs import define

from globscope.values.chart import Chart, ReducerInputs

# From the numbers of members and of training runs to the most axes that a chart of them has.
AxesOfMembers = Callable[[int, int], int]


class Reducer(Protocol):
    """Finds a chart."""

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return a chart fitted to the members; equal inputs and `rng` give an equal chart.

        Its `axes` name the latent axes for people where these have a meaning, such as `eigenvector 1, λ = 4381`.
        """
        ...


@define(frozen=True, kw_only=True)
class ReducerTraits:
    """What a study knows of a reducer before it runs: its class variable or property `traits`.

    Attributes:
        own_space: Whether the chart defines its own space: then no member coordinates are passed in a study, one member
            is enough, and `latent_dim` may exceed the members' directions.
        centred: Whether the chart has a `centre`.
        why_no_inverse: Why no chart of this kind decodes, in one sentence; empty where charts decode.
        networks: Names of the networks (`variant` or `variant@step`) that it needs; unknown names are refused.
        latent_dim: Number of axes of the chart; where that follows from the members, a function of the numbers of
            members and of training runs, which returns the most axes that there can be.
    """

    own_space: bool = False
    centred: bool = False
    why_no_inverse: str = ""
    networks: tuple[str, ...] = ()
    latent_dim: int | AxesOfMembers = 2


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


class Compiles(Protocol):
    """A reducer with functions that are compiled when they are first called."""

    def compilation(self) -> str:
        """Return the module that compiles them for later processes, as `python -m` runs it; empty if that is done.

        A study runs it beside its first stages. No result may depend on whether it ends, or is killed.
        """
        ...
