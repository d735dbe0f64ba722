"""When networks are scored layer by layer, and how many networks and examples at once."""

from collections.abc import Callable
from math import ceil, prod

from attrs import define

from globscope.api import (
    EvaluationError,
    Factored,
    Mixes,
    Networks,
    Plan,
    Probe,
    Unit,
    examples_per_batch,
    free_memory,
    network_parts,
)
from globscope.builtin.evaluators.layer_trial import LayerTrial, try_layers
from globscope.builtin.evaluators.lift import SHARE
from globscope.builtin.evaluators.scorer import Scorer

# Networks of a unit, at most.
WIDEST = 64
# Of what the trial counts: buffers of kernels, and what is formed of the weights, come on top.
SAFETY = 1.5


@define(frozen=True, kw_only=True)
class Layers:
    """Plans how networks are scored layer by layer.

    Attributes:
        networks: n networks, as coordinates in a space.
        probe: The probe of their task.
        device: Where they are scored.
        memory: Bytes for the activations of a unit.
        batch_size: Examples per forward pass, if the evaluator's options tell.
        examples: Number of scored examples of each split.
        scorer: Returns a scorer of one example of each split, with the gradient of this field where one is named.
    """

    networks: Networks
    probe: Probe
    device: str
    memory: float
    batch_size: int | None
    examples: tuple[int, ...]
    scorer: Callable[[str | None], Scorer]

    def plan(self) -> Plan:
        """Return the plan.

        Raises:
            EvaluationError: The networks' space does not tell how tensors are formed.
        """
        if network_parts(self.networks, self.device) is None:
            kind = type(self.networks.space).__name__
            raise EvaluationError(
                f"evaluator.method: 'layers' needs networks that are sums of parts, and a {kind} does not tell of "
                "which; use 'auto'"
            )
        return self._plan(self._trial())

    def plan_if_better(self, weights_memory: float) -> Plan | None:
        """Return the plan where fewer weights are read so than when networks are lifted one by one; else None.

        Args:
            weights_memory: Bytes for the weights of the networks that are scored together otherwise.
        """
        few_ranks = self._has_few_ranks()
        if not few_ranks and not self._is_large(weights_memory):
            return None
        plan = self._plan(self._trial())
        return plan if few_ranks or self._reads_less(plan) else None

    def _reads_less(self, plan: Plan) -> bool:
        """Return whether parts are read less often, for each unit and batch, than once for each network."""
        size = plan.batch_size or self.batch_size or 1
        batches = sum(ceil(count / size) for count in self.examples)
        return bool(plan.units) and batches < len(plan.units[0])

    def _is_large(self, memory: float) -> bool:
        """Return whether no two networks' weights fit, and a GPU cannot hold the parts."""
        if not isinstance(self.networks.space, Mixes) or self.probe.statistics or self.probe.grad_inside:
            return False
        parts, free = network_parts(self.networks, self.device), free_memory(self.device)
        size = 4 * self.probe.layout.size
        is_held = free is not None and parts is not None and parts.count * size < SHARE * free
        return 2 * size > memory and not is_held

    def _has_few_ranks(self) -> bool:
        space = self.networks.space
        return isinstance(space, Factored) and any(space.factors(name) for name in self.probe.layout.names)

    @property
    def _has_moving_statistics(self) -> bool:
        """Whether a gradient passes through statistics, which `torch.vmap` hides from the layers that use them."""
        return self.networks.gradient is not None and bool(self.probe.statistics)

    def _trial(self) -> LayerTrial:
        return try_layers(self.scorer(None), self.scorer(self.networks.gradient), self.networks.seed)

    def _plan(self, trial: LayerTrial) -> Plan:
        most = max(1, int(self.memory / (SAFETY * max(trial.activations, 1))))  # networks times examples
        fill = min(examples_per_batch(self.probe, split) for split in self.probe.splits)
        size = self.batch_size or max(1, min(most, max(self.examples), fill))
        whole = max((prod(shape) for shape in self.probe.layout.shapes if len(shape) != 2), default=1)
        stacks = trial.stacks and not self._has_moving_statistics
        width = max(1, min(WIDEST, most // size, int(self.memory / (4 * whole))) if stacks else 1)
        count = len(self.networks)
        units = tuple(Unit(start=at, stop=min(at + width, count)) for at in range(0, count, width))
        reasons = () if stacks else ("method: the model cannot be stacked, so its networks are read one by one",)
        return Plan(units=units, method="layers", batch_size=None if self.batch_size else size, reasons=reasons)
