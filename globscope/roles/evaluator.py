"""What scores networks."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from attrs import define

from globscope.roles.probe import Probe
from globscope.roles.task import Task
from globscope.values.evaluation import Networks, Plan, Unit
from globscope.values.field import Field


class UnitScorer(Protocol):
    """Scores the units of one plan, in one process.

    Attributes:
        device: Where it computes, such as `cuda:0`.
    """

    device: str

    def score(self, unit: Unit) -> Mapping[str, np.ndarray]:
        """Return the fields of a unit's networks, (stop − start,) each; non-finite values as they come.

        Where the networks name a `gradient`, (stop − start, r) gradients of that field come with the fields, under the
        name `GRADIENT`.

        Equal units give equal numbers, whatever was scored before.

        Raises:
            MemoryError: The unit does not fit into memory, or a RuntimeError for which `is_out_of_memory` holds. The
                study cuts the unit in two and scores the halves.
        """
        ...


class Renews(Protocol):
    """A scorer that scores other networks of the same space with what it has prepared, such as examples on a device."""

    def renew(self, networks: Networks, plan: Plan) -> UnitScorer:
        """Return what scores the units of a plan of other networks, as a new scorer would.

        Space, buffers, seed and gradient are those for which this scorer was made, and so is all of the plan but its
        units.
        """
        ...


class Evaluator(Protocol):
    """Scores networks on a task, each with its own buffers (`NetworkBuffers` is the rule).

    Its options say what is computed, and belong to the key of the results. Where it is computed belongs to no key: the
    study records the plan and lets the workers of its pool score the units. Evaluator, networks, task and plan are
    pickled for that.

    Where `networks.seed` is set, scoring draws: each batch is scored with generators seeded from it, the split and the
    batch (`seeded`, `seed_of`), the same for all networks.
    """

    def plan(self, networks: Networks, task: Task) -> Plan:
        """Return the units, which cover all networks once, and how they are scored.

        A recorded plan is used again, whatever would be planned now, and its units may be cut in two since.
        """
        ...

    def scorer(self, networks: Networks, task: Task, plan: Plan) -> UnitScorer:
        """Return what scores the units; called once in every process that does."""
        ...


class TriesScoring(Protocol):
    """An evaluator whose time `globscope check` can measure on fewer examples."""

    def trial(self, probe: Probe) -> tuple[Evaluator, float]:
        """Return an evaluator that scores a network in a second at most, and how many times as long this takes."""
        ...


class AddsFields(Protocol):
    """An evaluator that scores fields beside those that the task measures."""

    def added_fields(self, probe: Probe) -> Sequence[Field]:
        """Return these fields; every network is scored by them, and none has the name of a measured one."""
        ...


class OffersFields(Protocol):
    """An evaluator that could score further fields, if an option of it said so."""

    def offered_fields(self, probe: Probe) -> Mapping[str, str]:
        """Return the option that adds each of these fields, as a spec writes it, by the field's key."""
        ...


class CountsExamples(Protocol):
    """An evaluator that says on how many examples it scores a network, so that the error of a share is known."""

    def scored_examples(self, probe: Probe) -> Mapping[str, int]:
        """Return the number of examples of every split."""
        ...


class GivesBuffers(Protocol):
    """An evaluator that says with which buffers it scores a network, so that the network can be used elsewhere."""

    def buffers_of(
        self, task: Task, weights: np.ndarray, own: Mapping[str, np.ndarray], seed: int | None
    ) -> Mapping[str, np.ndarray]:
        """Return all buffers of one network by name, its statistics among them.

        Args:
            task: The task.
            weights: (D,) weights of the network.
            own: Its own buffers, or those of the member nearest to it.
            seed: The seed of what scoring draws; None where scoring draws nothing.
        """
        ...

    def with_own_statistics(self) -> Evaluator:
        """Return an evaluator that scores networks in the same way, with the statistics that they bring."""
        ...


@define(frozen=True, kw_only=True)
class EvaluatorTraits:
    """What a study knows of an evaluator: its class variable or property `traits`.

    Attributes:
        device: Torch's name of the device on which it scores, such as `cuda:1`, or `auto`; None where it has no choice.
        gradients: Whether it scores the gradients that `Networks.gradient` asks for. One that does not is never asked;
            gradients are then central differences of networks that it scores.
    """

    device: str | None = None
    gradients: bool = False
