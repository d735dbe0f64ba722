"""What holds for samplers."""

from functools import cached_property

import numpy as np

from globscope.api import Counts, Landscape, Samples, capability
from globscope.returned.numbers import numeric
from globscope.testing.checks.options import OptionChecks
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.landscapes import height, landscape
from globscope.testing.tiny.population import tiny_chart

ROUNDS = 1000


class SamplerChecks(OptionChecks):
    """Checks of one sampler, on a chart of two axes whose loss is two bowls, with a corner that is not finite."""

    def asks_for_finite_points_of_the_chart(self) -> None:
        """(n, d) finite points in every round."""
        for turn, samples in enumerate(self._rounds):
            points = numeric(f"round {turn}: points", samples.points)
            shape = points.shape
            require(
                points.ndim == 2 and shape[1] == 2, f"round {turn}: points have shape {shape}, the chart has 2 axes"
            )
            require(np.isfinite(points).all(), f"round {turn}: points are not finite")
            require(len(points), f"round {turn}: asks for no point, where None is meant")

    def lattice_is_consistent(self) -> None:
        """Index and shape go together; the shape stays, and no vertex is asked twice or lies outside."""
        shapes = {samples.shape for samples in self._rounds}
        require(len(shapes) <= 1, f"the lattice's shape changes between rounds: {shapes}")
        for turn, samples in enumerate(self._rounds):
            require(
                (samples.index is None) == (samples.shape is None), f"round {turn}: has only one of index and shape"
            )
        whole = self._whole
        if whole is None or whole.index is None or whole.shape is None:
            return
        wanted = (len(whole.points), len(whole.shape))
        require(whole.index.shape == wanted, f"index has shape {whole.index.shape}, wanted {wanted}")
        require(np.issubdtype(whole.index.dtype, np.integer), f"index has numbers of kind {whole.index.dtype}")
        inside = (whole.index >= 0) & (whole.index < np.array(whole.shape))
        require(inside.all(), f"index leaves the lattice of shape {whole.shape}")
        require(len(np.unique(whole.index, axis=0)) == len(whole.index), "a lattice vertex is asked for twice")

    def is_a_pure_function(self) -> None:
        """Asked twice with equal arguments it gives equal samples; it keeps nothing."""
        again = self._ask_all()
        for turn, (one, two) in enumerate(zip(self._rounds, again, strict=False)):
            require_same(one.points, two.points, f"round {turn}: points differ when asked again")
        require(len(self._rounds) == len(again), "asks another number of rounds when asked again")

    def ends(self) -> None:
        """None comes at last, here within 1000 rounds."""
        require(len(self._rounds) < ROUNDS, f"still asks after {ROUNDS} rounds")

    def foretells_its_count(self) -> None:
        """Where it offers count(dimension) and that is a number, that many samples are asked for."""
        announcing = capability(self.component, Counts)
        count = None if announcing is None else announcing.count(2)
        asked = sum(len(samples.points) for samples in self._rounds)
        require(count in (None, asked), f"count(2) says {count}, but {asked} samples are asked for")

    def leaves_inputs_untouched(self) -> None:
        """The chart and the landscape so far are not the sampler's to write to."""
        chart, clean = tiny_chart(), tiny_chart()
        first = self.component.ask(chart, None, _round(0))
        if first is not None:
            seen, kept = _landscape(first), _landscape(first)
            self.component.ask(chart, seen, _round(1))
            require_same(seen.fields["train_loss"], kept.fields["train_loss"], "the landscape was written to")
            require_same(seen.samples.points, kept.samples.points, "the earlier samples were written to")
        require_same(chart.latents, clean.latents, "the chart's latents were written to")

    @cached_property
    def _rounds(self) -> list[Samples]:
        return self._ask_all()

    @property
    def _whole(self) -> Samples | None:
        whole: Samples | None = None
        for samples in self._rounds:
            whole = samples if whole is None else whole.concatenate(samples)
        return whole

    def _ask_all(self) -> list[Samples]:
        chart, found, sofar = tiny_chart(), list[Samples](), None
        while len(found) < ROUNDS:
            samples = self.component.ask(chart, sofar, _round(len(found)))
            if samples is None:
                break
            found.append(samples)
            sofar = _landscape(samples if sofar is None else sofar.samples.concatenate(samples))
        return found


def _round(turn: int) -> np.random.Generator:
    return np.random.default_rng([0, turn])


def _landscape(samples: Samples) -> Landscape:
    values = height(np.asarray(samples.points))
    values[samples.points.sum(axis=1) > 2] = np.nan
    return landscape(values, samples, "train_loss")
