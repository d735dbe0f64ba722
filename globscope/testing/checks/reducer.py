"""What holds for reducers: what they are handed, what they announce, and what they offer beside a fit."""

from importlib.util import find_spec
from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import Compiles, ReducerInputs, ReducerTraits, Restores, Tries, capability, traits
from globscope.returned.numbers import numeric
from globscope.testing.check import after, covers
from globscope.testing.checks.chart import ANSWERS, ChartChecks, Fit, answers
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.population import spaceless_inputs, tiny_inputs

RIGHT = "latents_have_one_finite_row_a_member"


class ReducerChecks(ChartChecks):
    """Checks of one reducer, on two fits to the same 12 members; what is slow happens once."""

    @after("leaves_global_random_state_alone")
    def same_seed_gives_the_same_chart(self) -> None:
        """Equal inputs and generator give equal bits, whatever the global random state.

        A chart is stored under its inputs and its seed, and a study that is continued may fit it again.
        """
        again, _ = self._again
        require_same(self._first.chart.latents, again.chart.latents, "latents differ between equal seeds")
        for name, what in ANSWERS.items():
            one, two = getattr(self._first, name), getattr(again, name)
            require((one is None) == (two is None), f"only one of two equal fits has {what}")
            if one is not None:
                require_same(one, two, f"{what} differ between equal seeds")

    def leaves_inputs_untouched(self) -> None:
        """Coordinates and weights of the members are as they were.

        Every reducer of a study gets the same arrays.
        """
        seen, clean = self._first.inputs, tiny_inputs()
        require_same(seen.coordinates, clean.coordinates, "the inputs' coordinates were written to")
        require_same(seen.population.weights, clean.population.weights, "the members' weights were written to")

    @covers("latent_dim")
    @after("answers_in_float64_arrays")
    def latents_have_one_finite_row_a_member(self) -> None:
        """Latents are (N, d) finite numbers, with d as `traits` says.

        Every member has a place on the map, and a study is planned for that number of axes.
        """
        fit = self._first
        latents, members = numeric("latents", fit.chart.latents), len(fit.inputs.members)
        require(latents.ndim == 2, f"latents have shape {latents.shape}, not (members, axes)")
        require(len(latents) == members, f"{len(latents)} latents for {members} members")
        require(np.isfinite(latents).all(), "latents are not finite")
        known, axes = traits(self.component, ReducerTraits).latent_dim, latents.shape[1]
        if callable(known):
            most = known(members, len(fit.inputs.population.variants))
            require(axes <= most, f"latents have {axes} axes, its traits say at most {most} for these members")
            return
        require(axes == known, f"latents have {axes} axes, its traits say latent_dim = {known}")

    @covers("own_space")
    @after(RIGHT, "same_seed_gives_the_same_chart")
    def own_space_needs_no_coordinates(self) -> None:
        """With `own_space`, the chart has a space of its own and is the same without the members' coordinates.

        A study passes none then, and does not compute them.
        """
        own, chart = traits(self.component, ReducerTraits).own_space, self._first.chart
        require(own or chart.space is self._first.inputs.space, "its chart has a space of its own: say so in own_space")
        if own:
            require(chart.space is not self._first.inputs.space, "says own_space, but its chart has the inputs' space")
            alone = self.component.reduce(spaceless_inputs(), np.random.default_rng(0))
            require_same(alone.latents, chart.latents, "says own_space, but depends on the members' coordinates")

    @covers("centred", "why_no_inverse")
    @after(RIGHT)
    def announces_centre_and_inverse(self) -> None:
        """The chart has a `centre` where traits say `centred`, and no `decode` where they say `why_no_inverse`.

        Samplers and analyses that need one are refused by these traits, before anything long.
        """
        known, chart = traits(self.component, ReducerTraits), self._first.chart
        has = "has no centre" if chart.centre is None else "has a centre"
        require(
            known.centred == (chart.centre is not None), f"its chart {has}, its traits say centred = {known.centred}"
        )
        both = known.why_no_inverse and chart.decode is not None
        require(not both, f"decodes, although its traits say: {known.why_no_inverse}")

    @covers("networks")
    def names_networks_as_specs_do(self) -> None:
        """Networks that it needs are named `variant` or `variant@step`.

        A study refuses unknown ones before anything long.
        """
        names = traits(self.component, ReducerTraits).networks
        odd = [name for name in names if not _names_a_network(name)]
        require(isinstance(names, tuple) and not odd, f"needs networks {odd or names!r}: a tuple of names is wanted")

    @covers("trial")
    @after(RIGHT)
    def trial_is_a_fit_of_its_kind(self) -> None:
        """Where it offers a trial, that one fits the same members to as many axes, and takes no longer than itself.

        `globscope check` multiplies the trial's time.
        """
        trying = capability(self.component, Tries)
        trial = None if trying is None else trying.trial(len(self._first.inputs.members))
        if trial is not None:
            quick, times = trial
            chart = quick.reduce(tiny_inputs(), np.random.default_rng(0))
            require(chart.latents.shape == self._first.chart.latents.shape, "its trial has latents of another shape")
            require(np.isfinite(times) and times >= 1, f"takes {times} times as long as its trial, not 1 or more")

    @covers("compilation")
    def compilation_is_a_module(self) -> None:
        """Where it offers a compilation, that is the name of a module which can be run.

        A study runs it beside its first stages, and says nothing if it fails.
        """
        offer = capability(self.component, Compiles)
        module = offer.compilation() if offer is not None else ""
        require(not module or find_spec(module) is not None, f"compiles in {module!r}, which is no module")

    @covers("restore", "Chart.arrays")
    @after(RIGHT)
    def restored_chart_is_the_fitted_one(self) -> None:
        """`restore` and the chart's arrays go together, and give the chart's functions again.

        A study that is continued has the chart from its file, beside results of the fitted one.
        """
        offers, arrays = capability(self.component, Restores) is not None, self._first.chart.arrays
        require(offers or arrays is None, "its chart has arrays, but there is no restore(inputs, arrays) to use them")
        require(not offers or arrays is not None, "offers restore, but its chart has no arrays")
        if arrays is None:
            return
        again = answers(self._first.inputs, self.component.restore(self._first.inputs, _from_file(arrays)))
        for name, what in ANSWERS.items():
            one, two = getattr(self._first, name), getattr(again, name)
            require((one is None) == (two is None), f"restored and fitted chart disagree on having {what}")
            if one is not None:
                require_same(one, two, f"{what} differ between the restored chart and the fitted one")

    def _work(self) -> Fit:
        inputs = tiny_inputs()
        return self._fit(evolve(inputs, coordinates=inputs.coordinates.copy()))  # writeable, so that a write shows

    def _work_again(self) -> Fit:
        return self._fit(tiny_inputs())

    def _fit(self, inputs: ReducerInputs) -> Fit:
        return answers(inputs, self.component.reduce(inputs, np.random.default_rng(0)))


def _names_a_network(name: Any) -> bool:
    variant, at, step = name.partition("@") if isinstance(name, str) else ("", "", "")
    return bool(variant) and (not at or step.isdigit())


def _from_file(arrays: Any) -> dict[str, np.ndarray]:
    """Return arrays as they come back from a file."""
    from safetensors.numpy import load, save

    found: dict[str, np.ndarray] = load(save({name: np.array(array, order="C") for name, array in arrays.items()}))
    return found
