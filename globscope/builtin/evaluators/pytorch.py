"""The torch evaluator: its options, its plan, and what scores a unit."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    ADDED,
    BATCH,
    EXAMPLES,
    WHERE,
    CheckFacts,
    EvaluationError,
    EvaluatorTraits,
    Field,
    NetworkBuffers,
    Networks,
    Plan,
    Precision,
    Probe,
    ProbeTraits,
    Task,
    Unit,
    calibration_batches,
    channels_last,
    device,
    device_name,
    device_of,
    examples_per_batch,
    fixed_batches,
    free_memory,
    network_parts,
    precise,
    prefers_channels_last,
    takes_channels_last,
    traits,
)
from globscope.builtin.evaluators.differentiable_field import require_coordinates, require_differentiable, require_mean
from globscope.builtin.evaluators.fused_statistics import score_alike, why_separate
from globscope.builtin.evaluators.gradient_norm import LOSS, GradientNormScorer, loss_field, norm_field
from globscope.builtin.evaluators.gradient_scorer import GradientScorer
from globscope.builtin.evaluators.layer_plan import Layers
from globscope.builtin.evaluators.layered_units import LayeredUnits
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.score_units import TorchUnits, chosen_method
from globscope.builtin.evaluators.scorer import Draw, Method, Scorer

# Below this many examples a batch, starting the kernels costs more than the products, and stacking
# networks wins on a CPU; above it the loop is as fast and needs less memory.
FEW_EXAMPLES = 128
# Examples of each split in a trial.
TRIAL = 128
# Examples of the trial of a gradient.
FEW = 4
# Bytes of the images in a pass that scores them on a CPU: the activations of more would not stay in its caches.
CACHED = 2**19
# Bytes of the weights that are scored together: enough for stacks of small networks; and of activations by layers on a
# CPU, which are slower where they are larger: at 10⁷ weights 2.3 times for 64 networks at once, and 1.05 for 16.
MEMORY = 2**28


@define(frozen=True, kw_only=True)
class Torch:
    """Score networks with torch on one device: mean loss and accuracy on both splits.

    Attributes:
        examples: Number of examples of each split to score on, drawn once with seed 0; all if unset.
        batch_size: Examples per forward pass; if unset, as many as take 64 MiB, but 512 KiB where a CPU scores
            convolutional networks one by one, with neither gradients nor draws.
        batch_norm: Which statistics a network's BatchNorm layers use. `recalibrate` re-estimates them for every
            network, because a decoded network has none of its own; `batch` uses those of each batch that is scored;
            `stored` those of the nearest member; `encoded` those that were mapped and decoded with the weights
            (`population.flatten = "all"`); `initial` those of a fresh network, mean 0 and variance 1, as when only the
            parameters are loaded into a new model (Garipov et al., 2018, describe the effect).
        calibration_examples: Training examples on which `recalibrate` estimates the statistics.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card. It is in no stage key.
        memory: Memory for the weights of the networks that are scored together, in GiB; if unset, 0.25, or a tenth of
            what is free on a GPU where that is less. With `layers` it is for their activations; if unset, 0.25, or a
            quarter of what is free on a GPU. It is in no stage key.
        method: `vmap` stacks networks, `loop` scores them one after another, and so does `graph`, for which a GPU
            records the computation once and repeats it (a CUDA graph; on a CPU it is `loop`). `layers` never forms the
            weights of a whole network: each tensor is formed when the forward pass uses it, for all networks that are
            scored together. `auto` stacks networks where few examples make that faster, and takes `layers` for models
            so large that no two networks fit into `memory`, where fewer weights are read so; on a GPU it uses
            whichever a short measurement finds fastest.
        calibration: Whether `recalibrate` estimates statistics in a pass of its own (`separate`), or in the pass that
            scores (`fused`), which needs the calibration examples in one batch with others that are scored. All
            examples are then normalised with the estimate; in a pass of their own, calibration examples are normalised
            with their biased variance, which differs by one part in the number of values. `auto` fuses on a GPU, where
            the examples allow it and a fresh network gets the same losses to a thousandth.
        memory_format: Whether images and convolutions have their channels last in memory. Convolutions of a GPU are
            twice as fast so in `tf32` and `bfloat16`, and less than half as fast in `float32`; on a CPU networks that
            are scored one by one take 0.65 to 0.95 of the time. `auto` follows that, where the model takes it. Losses
            differ by rounding alone.
        precision: Precision of matrix products: `tf32` rounds their inputs on GPUs that can, `bfloat16` halves them.
            Losses are always summed in float64.
        draws: How often each network is scored, with other random numbers each time, where the task's loss draws random
            numbers (a variational autoencoder, dropout that is left on). Fields are then means, and
            `<field>_standard_error` gives their standard error. Losses that draw nothing are scored once.
        gradient_statistics: How a gradient takes the statistics that `recalibrate` estimates: `re-estimated` as the
            functions of the weights that they are, which makes it the gradient of what is measured, or `held` as
            constants. Gradients are measured where a sampler asks for them, in the precision of the forward pass.
        gradient_norm: Whether the norm of the gradient of the training loss with respect to the mapped weights is a
            field of every network, `train_gradient_norm`. Scoring then takes two to three times as long, and networks
            are scored by neither `layers` nor `graph`.
    """

    examples: int | None = field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "batch", "stored", "encoded", "initial"] = "recalibrate"
    calibration_examples: int = field(default=1000, validator=and_(ge(2), EXAMPLES))
    device: str = field(default="auto", validator=device_name, metadata=WHERE)
    memory: float | None = field(default=None, validator=optional(gt(0)), metadata=WHERE)
    method: Literal["auto", "loop", "graph", "vmap", "layers"] = "auto"
    calibration: Literal["auto", "separate", "fused"] = "auto"
    memory_format: Literal["auto", "contiguous", "channels-last"] = "auto"
    precision: Precision = "float32"
    draws: int = field(default=1, validator=ge(1))
    gradient_statistics: Literal["re-estimated", "held"] = "re-estimated"
    gradient_norm: bool = field(default=False, metadata=ADDED)

    @classmethod
    def quick_examples(cls) -> "tuple[Torch, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(method="loop", batch_size=32),
            cls(gradient_norm=True),
        )

    def __attrs_post_init__(self) -> None:
        if self.gradient_norm and self.method == "layers":
            raise ValueError("gradient_norm needs the gradients by all weights, which method = 'layers' never forms")

    def plan(self, networks: Networks, task: Task) -> Plan:
        """Return units whose weights fit into `memory`, scored one by one or stacked.

        Raises:
            EvaluationError: No such device, or networks that cannot be scored so.
        """
        probe = task.build(self._device())
        self._require_scorable(probe)
        if networks.gradient is not None:
            require_coordinates(networks)
            self._require_gradient(networks.gradient, probe)
        if self.gradient_norm:
            self._require_gradient(loss_field(probe), probe)
        if layered := self._plan_by_layers(networks, probe):
            return layered
        width = max(1, min(64, int(self._bytes(MEMORY, 10) / (4 * probe.layout.size))))
        starts = range(0, len(networks), width)
        units = tuple(Unit(start=start, stop=min(start + width, len(networks))) for start in starts)
        way = self._way(networks, probe)
        way = evolve(way, batch_size=self._cached_batch(networks, probe, way))
        method = self._method(probe)
        if method == "graph" and self._differentiates(networks):
            method = "loop"
            way = evolve(way, reasons=(*way.reasons, "method: computations with a gradient are not recorded"))
        if method is None or (method == "vmap" and networks.seed is not None):
            scorer = self._scorer(probe, way, networks.seed, networks.gradient)
            method = chosen_method(scorer, self._lift(networks), units, method)
        return evolve(way, units=units, method=method)

    def scorer(self, networks: Networks, task: Task, plan: Plan) -> TorchUnits | LayeredUnits:
        """Return what scores the units of a plan in this process.

        Raises:
            EvaluationError: No such device.
        """
        probe = task.build(self._device())
        scorer = self._scorer(probe, plan, networks.seed, networks.gradient)
        parts = network_parts(networks, self._device()) if plan.method == "layers" else None
        return (
            TorchUnits(scorer, self._lift(networks), plan) if parts is None else LayeredUnits(scorer, networks, parts)
        )

    @property
    def traits(self) -> EvaluatorTraits:
        """The device on which it scores, and that it measures gradients."""
        return EvaluatorTraits(device=self.device, gradients=True)

    def check(self, facts: CheckFacts) -> None:
        """Refuse what this task cannot be scored with.

        Raises:
            EvaluationError: No such device, no stacking, no mapped statistics, or a field that has no gradient.
        """
        self._require_scorable(facts.probe)
        for name in (*facts.gradients, *([loss_field(facts.probe)] if self.gradient_norm else [])):
            self._require_gradient(name, facts.probe)

    def added_fields(self, probe: Probe) -> tuple[Field, ...]:
        """Return the norm of the gradient, where it is wanted."""
        return (norm_field(probe),) if self.gradient_norm else ()

    def offered_fields(self, probe: Probe) -> dict[str, str]:
        """Return the option that adds the norm of the gradient, where it is not wanted and the task has a loss."""
        could = LOSS in probe.measures and not self.gradient_norm
        return {norm_field(probe).key: "gradient_norm = true"} if could else {}

    def scored_examples(self, probe: Probe) -> dict[str, int]:
        """Return the number of examples of every split."""
        known = {split: probe.examples(split) for split in probe.splits}
        return {split: min(self.examples or count, count) for split, count in known.items()}

    def buffers_of(
        self, task: Task, weights: np.ndarray, own: Mapping[str, np.ndarray], seed: int | None
    ) -> dict[str, np.ndarray]:
        """Return all buffers of one network of (D,) weights; those of `batch` are re-estimated, since it keeps none."""
        import torch

        probe = task.build(self._device())
        keeping = evolve(self, batch_norm="recalibrate") if self.batch_norm == "batch" else self
        plan = Plan(units=(), method="loop", channels_last=self._images_last(probe))
        row = torch.from_numpy(np.array(weights, np.float32)).to(self._device())
        with torch.inference_mode(not probe.grad_inside), precise(self.precision, self._device()):
            buffers = keeping._buffers(probe, plan, seed, moving=False)(probe.layout.unflatten(row), own)
        return {name: tensor.detach().cpu().contiguous().numpy() for name, tensor in buffers.items()}

    def with_own_statistics(self) -> "Torch":
        """Return an evaluator of the same examples that takes the statistics of the networks themselves."""
        return evolve(self, batch_norm="stored", calibration="separate")

    def trial(self, probe: Probe) -> tuple["Torch", float]:
        """Return an evaluator of fewer examples, with which a CPU takes a fraction of the time; itself on a GPU."""
        # No more than wanted: where statistics are fused, the calibration examples are in one batch.
        few = evolve(
            self,
            examples=min(TRIAL, self.examples or TRIAL),
            calibration_examples=min(TRIAL, self.calibration_examples),
            method=self._method(probe) or self.method,
        )
        is_quick = self._device() != "cpu" or self._examples_of_all(probe) <= few._examples_of_all(probe)
        return (self, 1.0) if is_quick else (few, self._examples_of_all(probe) / few._examples_of_all(probe))

    def _examples_of_all(self, probe: Probe) -> int:
        """Return how many examples pass through a network that is scored."""
        calibrating = self.batch_norm == "recalibrate" and bool(probe.statistics)
        own = min(self.calibration_examples, probe.examples(probe.splits[0])) * calibrating
        return own + sum(self.scored_examples(probe).values())

    def _require_scorable(self, probe: Probe) -> None:
        self._device()
        self._method(probe)
        if self.batch_norm == "encoded" and probe.statistics and not traits(probe, ProbeTraits).encodes_statistics:
            raise EvaluationError("evaluator.batch_norm: 'encoded' needs population.flatten = 'all'")
        self._require_fusible(self._why_not_fusible(probe))

    def _require_fusible(self, reason: str | None) -> None:
        """Refuse `fused` where there is a reason against it."""
        if reason and self.calibration == "fused":
            raise EvaluationError(f"evaluator.calibration: 'fused' is not possible: {reason}")

    def _why_not_fusible(self, probe: Probe) -> str:
        """Return why the model or the examples do not allow fused statistics; empty where they do."""
        if self.method == "layers":
            return "networks by layers are calibrated one by one"
        if self.batch_norm != "recalibrate" or not probe.statistics:
            return "no statistics are re-estimated"
        return why_separate(probe, self.calibration_examples, self.examples, self.batch_size)

    def _require_gradient(self, name: str, probe: Probe) -> None:
        """Refuse a field that cannot be differentiated, tried on a few examples of a fresh network."""
        require_mean(name, probe)
        at = device_of(probe.initialise(0)[0])  # a check's probe is on the CPU
        few = evolve(self, examples=FEW, calibration_examples=FEW, draws=1, device=at)
        require_differentiable(few._scorer(probe, Plan(units=(), method="loop"), seed=0, gradient=name), name)

    def _plan_by_layers(self, networks: Networks, probe: Probe) -> Plan | None:
        """Return the plan of `layers`, where that is wanted or `auto` finds it better."""
        if self.method not in ("auto", "layers") or self.gradient_norm:
            return None
        few = evolve(self, examples=1, batch_size=None, calibration_examples=FEW, draws=1)
        layers = Layers(
            networks=networks,
            probe=probe,
            device=self._device(),
            memory=self._bytes(math.inf if self._device().startswith("cuda") else MEMORY, 4),
            batch_size=self.batch_size,
            examples=tuple(self.scored_examples(probe).values()),
            scorer=lambda field: few._scorer(probe, Plan(units=(), method="layers"), networks.seed, field),
        )
        return layers.plan() if self.method == "layers" else layers.plan_if_better(self._bytes(MEMORY, 10))

    def _bytes(self, unset: float, parts: int) -> float:
        """Return what the weights or the activations of a unit may take: one of so many parts of a GPU at most."""
        if self.memory is not None:
            return self.memory * 2**30
        free = free_memory(self._device())
        return min(unset, math.inf if free is None else free / parts)

    def _differentiates(self, networks: Networks) -> bool:
        return self.gradient_norm or networks.gradient is not None

    def _device(self) -> str:
        return device(self.device, "evaluator.device")

    def _method(self, probe: Probe) -> Method | None:
        """Return how networks are scored; None where only a measurement can tell."""
        if self.method == "vmap" and not probe.vmappable:
            raise EvaluationError("evaluator.method: this model cannot be stacked; use 'auto' or 'loop'")
        if self.method != "auto":
            return self.method
        if self._device().startswith("cuda"):
            return None
        few = min(self.scored_examples(probe).values()) <= FEW_EXAMPLES
        return "vmap" if probe.vmappable and few else "loop"

    def _images_last(self, probe: Probe) -> bool:
        on_cpu = self._device() == "cpu" and self._method(probe) == "loop"
        if self.memory_format == "auto" and not (on_cpu or prefers_channels_last(self.precision, self._device())):
            return False
        if self.memory_format == "contiguous":
            return False
        can = takes_channels_last(probe, self._device())
        if self.memory_format == "channels-last" and not can:
            raise EvaluationError(
                "evaluator.memory_format: the model has no convolutions, or fails or gives other losses with channels "
                "last; use 'auto' or 'contiguous', and `reshape` in place of `view` in the model"
            )
        return can

    def _way(self, networks: Networks, probe: Probe) -> Plan:
        """Return a plan without units, scored one by one, with the choices that do not depend on the networks."""
        way = Plan(units=(), method="loop", channels_last=self._images_last(probe))
        reason = self._why_separate(networks, probe, way)
        self._require_fusible(reason)
        reasons = (f"calibration: {reason}",) if reason else ()
        return evolve(way, fused=reason is None, reasons=reasons)

    def _cached_batch(self, networks: Networks, probe: Probe, way: Plan) -> int | None:
        """Return how many examples are scored at once where fewer than elsewhere are faster; else None."""
        is_fixed = self.batch_size is not None or self.batch_norm == "batch" or way.fused
        # Every batch draws anew, and every gradient of a batch passes through the estimates of statistics.
        if is_fixed or networks.seed is not None or self._differentiates(networks):
            return None
        if not way.channels_last or self._device() != "cpu" or self._method(probe) != "loop":
            return None
        return examples_per_batch(probe, probe.splits[0], CACHED)

    def _why_separate(self, networks: Networks, probe: Probe, way: Plan) -> str | None:
        """Return why statistics are estimated in a pass of their own: None if they are not, empty if nobody asked."""
        on_gpu = self._device().startswith("cuda")
        if self.calibration == "separate" or (self.calibration == "auto" and not on_gpu):
            return ""
        if self.batch_norm != "recalibrate" or not probe.statistics:
            return ""
        if reason := self._why_not_fusible(probe):
            return reason
        exact = evolve(self, precision="float32", gradient_norm=False)
        way = evolve(way, channels_last=False)  # the faster one of float32
        separate, fused = (exact._scorer(probe, evolve(way, fused=fused), networks.seed) for fused in (False, True))
        return None if score_alike(separate, fused) else "a fresh network gets other losses"

    def _scorer(self, probe: Probe, plan: Plan, seed: int | None, gradient: str | None = None) -> Scorer:
        lead = {probe.splits[0]: self.calibration_examples if plan.fused else 0}
        size = plan.batch_size or self.batch_size
        batches = {s: fixed_batches(probe, s, self.examples, size, lead=lead.get(s, 0)) for s in probe.splits}
        make: Callable[..., Scorer] = Scorer
        if self.gradient_norm:
            make = partial(GradientNormScorer, gradient)
        elif gradient is not None:
            make = partial(GradientScorer, gradient)
        moving = make is not Scorer and self.gradient_statistics != "held"
        return make(
            probe,
            batches,
            self._buffers(probe, plan, seed, moving=moving),
            self._device(),
            self.precision,
            draw=Draw(seed, self.draws),
            images_last=plan.channels_last,
            calibrating=lead[probe.splits[0]],
            held=self.gradient_statistics == "held",
        )

    def _lift(self, networks: Networks) -> Lift:
        return Lift(networks, self._device())

    def _buffers(self, probe: Probe, plan: Plan, seed: int | None, *, moving: bool) -> NetworkBuffers:
        """Return the rule by which networks get their buffers, and whether a gradient takes statistics as moving."""
        at = self._device()
        if plan.fused:  # the batch's replace them; those of a layer that is no BatchNorm would stay, and make all NaN
            return NetworkBuffers(probe, "unknown", seed=seed, device=at)
        estimated = self.batch_norm == "recalibrate"
        batches = calibration_batches(probe, self.calibration_examples, self.batch_size) if estimated else []
        batches = channels_last(batches) if plan.channels_last else batches
        return NetworkBuffers(probe, self.batch_norm, batches, seed=seed, device=at, differentiable=moving)
