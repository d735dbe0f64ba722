"""The reducer `flow`: a map with an exact inverse, by a normalising flow."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt

from globscope import api

GLOBSCOPE_API = 2


@define(frozen=True, kw_only=True)
class Flow:
    """Learn a bijection of the coordinates whose first outputs are the map and whose others are 0 at the members.

    Two couplings are trained so that members are returned from their latent points, and a third interpolates what is
    left. So every member lies on the map exactly, and every set of coordinates is that of one set of outputs.

    Attributes:
        latent_dim: Number of latent axes, d.
        hidden: Widths of the hidden layers from coordinates to latent points, and back.
        steps: Number of Adam's steps on all members; its rate falls linearly to 0.
        learning_rate: Learning rate at the start.
        stress: Weight at the start of the stress of latent distances, which falls to 0 in 60 % of the steps.
        device: Device of the fit: `auto` takes cuda, then mps, then cpu, but the CPU where a step is small; `cuda:1` is
            the second card. It is in no stage key.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), api.AXES))
    hidden: tuple[int, ...] = field(default=(128, 64, 16), validator=deep_iterable(and_(ge(1), api.UNITS)))
    steps: int = field(default=1000, validator=and_(ge(1), api.STEPS))
    learning_rate: float = field(default=3e-3, validator=gt(0))
    stress: float = field(default=1.0, validator=ge(0))
    device: str = field(default="auto", validator=api.device_name, metadata=api.WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Flow, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return cls(hidden=(32, 16), steps=60), cls(latent_dim=3, hidden=(8,), steps=20, stress=0.0)

    @property
    def traits(self) -> api.ReducerTraits:
        """A map of as many axes as chosen."""
        return api.ReducerTraits(latent_dim=self.latent_dim)

    def check(self, facts: api.CheckFacts) -> None:
        """Refuse a device that this machine lacks, with an EvaluationError."""
        del facts
        api.device(self.device, "reducer.device")

    def reduce(self, inputs: api.ReducerInputs, rng: np.random.Generator) -> api.Chart:
        """Return the fitted chart; equal seeds and threads give equal bits on a CPU.

        Raises:
            PopulationError: The members span no more than `latent_dim` directions.
            GlobscopeError: The fit diverged, or does not fit into the device's memory.
        """
        from globscope_flow.couplings import fitted_arrays

        count, axes = inputs.coordinates.shape
        spanned = min(axes, count - 1) if np.ptp(inputs.coordinates, axis=0).any() else 0
        if self.latent_dim >= spanned:
            found = f"= {self.latent_dim}, but the {count} members in the fit span {spanned}; `span` maps all of them"
            raise api.PopulationError(f"reducer 'flow' wants more directions than latent_dim {found}")
        arrays, error = fitted_arrays(self, inputs, int(rng.integers(2**62)))
        return evolve(self.restore(inputs, arrays), notes={"steps": self.steps, "mse_without_interpolation": error})

    def trial(self, members: int) -> tuple["Flow", float] | None:
        """Return a fit with few steps, and the largest factor by which the whole fit takes longer; None of many."""
        few = min(self.steps, max(1, 5000 // members))
        return (evolve(self, steps=few), self.steps / few) if members <= 1000 else None

    def restore(self, inputs: api.ReducerInputs, arrays: Mapping[str, np.ndarray]) -> api.Chart:
        """Return the chart of stored couplings."""
        from globscope_flow.couplings import chart_of

        return chart_of(inputs, arrays, self.hidden)


@api.hookimpl
def globscope_reducers() -> dict[str, type]:
    """Offer the reducer under the name that a spec writes after `use =`."""
    return {"flow": Flow}
