"""What holds for the samples for which a sampler asks."""

import numpy as np

from globscope.api import SamplerTraits, Samples, traits
from globscope.returned.maps import check_gradient, checked_samples
from globscope.returned.numbers import numeric
from globscope.testing.check import after, covers
from globscope.testing.checks.sampling.suite import SamplingSuite, measure, round_generator
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.population import tiny_chart


class SampleChecks(SamplingSuite):
    """Checks of points, lattice, edges and gradients, and of what is changed on the way."""

    @after("ends")
    def asks_for_finite_points_of_the_chart(self) -> None:
        """Points of every round are an (n, d) array of finite float64, and there is one at least.

        What is not finite decodes to no network; an empty round would be asked for again and again.
        """
        for turn, samples in enumerate(self._rounds):
            require(
                isinstance(samples, Samples), f"round {turn}: returns {type(samples).__name__}, not Samples or None"
            )
            points = numeric(f"round {turn}: points", samples.points)
            require(points.dtype == np.float64, f"round {turn}: points are {points.dtype}, not float64")
            shape = points.shape
            require(
                points.ndim == 2 and shape[1] == 2, f"round {turn}: points have shape {shape}, the chart has 2 axes"
            )
            require(np.isfinite(points).all(), f"round {turn}: points are not finite")
            require(len(points), f"round {turn}: asks for no point, where None is meant")

    @after("ends", "asks_for_finite_points_of_the_chart")
    def lattice_is_consistent(self) -> None:
        """Index and shape go together; the shape stays, and no vertex is asked twice or lies outside.

        Pictures, level sets and the neighbours of a lattice are found by index and shape.
        """
        shapes = {samples.shape for samples in self._rounds}
        require(len(shapes) <= 1, f"the lattice's shape changes between rounds: {shapes}")
        for turn, samples in enumerate(self._rounds):
            require(
                (samples.index is None) == (samples.shape is None), f"round {turn}: has only one of index and shape"
            )
        if self._whole is None:
            return
        whole = self._whole.samples
        if whole.index is None or whole.shape is None:
            return
        wanted = (len(whole.points), len(whole.shape))
        require(whole.index.shape == wanted, f"index has shape {whole.index.shape}, wanted {wanted}")
        require(np.issubdtype(whole.index.dtype, np.integer), f"index has numbers of kind {whole.index.dtype}")
        inside = (whole.index >= 0) & (whole.index < np.array(whole.shape))
        require(inside.all(), f"index leaves the lattice of shape {whole.shape}")
        require(len(np.unique(whole.index, axis=0)) == len(whole.index), "a lattice vertex is asked for twice")

    @after("ends", "asks_for_finite_points_of_the_chart")
    def edges_join_two_samples_of_the_rounds_so_far(self) -> None:
        """Edges are pairs of numbers of samples, counted over all rounds.

        The merge tree is computed along them.
        """
        count = 0
        for turn, samples in enumerate(self._rounds):
            edges = samples.edges
            if edges is not None:
                checked_samples(f"round {turn}", Samples(points=samples.points, edges=edges), tiny_chart(), count)
            count += len(samples.points)

    @covers("gradient")
    @after("ends", "asks_for_finite_points_of_the_chart")
    def asks_for_the_gradient_of_one_field(self) -> None:
        """A gradient is of a field that is measured, the same in all rounds, and the one that traits announce.

        Networks are differentiated by one field, which a study checks before anything long.
        """
        before = None
        for turn, samples in enumerate(self._rounds):
            if samples.gradient is not None:
                check_gradient(f"round {turn}", samples.gradient, measure(samples).fields, before)
                before = samples.gradient
        known = traits(self.component, SamplerTraits).gradient
        require(before == known, f"asks for the gradient of {before!r}, its traits say {known!r}")

    def leaves_inputs_untouched(self) -> None:
        """The chart and the landscape so far are as they were.

        Other samplers, topologies and analyses see the same arrays.
        """
        chart, clean = tiny_chart(), tiny_chart()
        first = self.component.ask(chart, None, round_generator(0))
        if first is not None:
            seen, kept = measure(first), measure(first)
            self.component.ask(chart, seen, round_generator(1))
            require_same(seen.fields["train_loss"], kept.fields["train_loss"], "the landscape was written to")
            require_same(seen.samples.points, kept.samples.points, "the earlier samples were written to")
        require_same(chart.latents, clean.latents, "the chart's latents were written to")
