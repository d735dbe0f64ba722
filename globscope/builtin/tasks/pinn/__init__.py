"""Differential equations in one dimension, solved by physics-informed networks."""

from globscope.builtin.tasks.pinn.task import (
    PinnBurgers as PinnBurgers,
    PinnConvection as PinnConvection,
    PinnReaction as PinnReaction,
)
