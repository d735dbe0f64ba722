"""What `globscope check` foresees: trainings, fits and scorings, on the devices that a run will use."""

from time import sleep
from typing import ClassVar

import pytest
from attrs import define, evolve
from support.study import TINY, values

import globscope
from globscope.api import SamplerTraits
from globscope.builtin.reducers.autoencoder import Autoencoder
from globscope.builtin.reducers.pca import Pca
from globscope.errors import PopulationError
from globscope.pipeline.built_task import BuiltTask
from globscope.pipeline.plan.announced import devices, sample_count
from globscope.pipeline.plan.estimate import estimate
from globscope.pipeline.plan.timing import Before
from globscope.registry import installed_registry
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import registry_of


def planned(spec_file, text=TINY, overrides=()):
    return globscope.load(spec_file(text), overrides).estimate()


# Fits.


@define(frozen=True, kw_only=True)
class Slow(Pca):
    """A linear map whose fit takes a while, and that is tried out by one of a twentieth."""

    seconds: float = 4.0

    def reduce(self, inputs, rng):
        sleep(self.seconds)
        return super().reduce(inputs, rng)

    def trial(self, members):
        return evolve(self, seconds=self.seconds / 20), 20.0


@define(frozen=True, kw_only=True)
class Importing(Pca):
    """A linear map, with what libraries do at their first call."""

    calls: ClassVar[list[int]] = []

    def reduce(self, inputs, rng):
        sleep(0 if self.calls else 1)
        self.calls.append(1)
        return super().reduce(inputs, rng)

    def trial(self, members):
        return self, 100.0


@define(frozen=True, kw_only=True)
class Silent:
    """A map that offers no trial."""

    latent_dim: int = 2

    def reduce(self, inputs, rng):
        raise AssertionError("a fit that might take hours was begun")


@define(frozen=True, kw_only=True)
class Refusing(Pca):
    """A linear map whose trial fails."""

    def trial(self, members):
        return evolve(self, latent_dim=99), 1.0


def estimated(spec_file, before=None, *, use, more="", **components):
    registry = registry_of(installed_registry(), **components)
    spec = read_spec(spec_file(TINY.replace('use = "pca"', f'use = "{use}"') + more), (), registry)
    study = Study(spec=spec, folder=spec.source.parent / "run", registry=registry)
    return estimate(study.workshop(), before)


def test_a_fit_is_foreseen_from_a_shorter_one_that_is_tried_once(spec_file):
    before = Before()
    found = estimated(spec_file, before, use="slow", slow=Slow)
    assert 4 <= found.fit_seconds["slow"] < 20  # a busy machine sleeps longer
    assert found.in_words["maps"] == f"at most about {found.fit_seconds['slow']:.1f} s"
    [known] = before.fits.values()
    again = estimated(spec_file, before, use="slow", slow=Slow)
    assert [*before.fits.values()] == [known]
    assert again.fit_seconds == found.fit_seconds


def test_what_libraries_do_at_their_first_call_is_not_multiplied(spec_file):
    assert estimated(spec_file, use="importing", importing=Importing).fit_seconds["importing"] < 100
    assert Importing.calls


@pytest.mark.parametrize(("use", "reducer"), [("silent", Silent), ("refusing", Refusing)])
def test_a_fit_that_no_trial_can_tell_of_is_named_as_unknown(use, reducer, spec_file):
    found = estimated(spec_file, use=use, **{use: reducer})
    assert found.fit_seconds == {use: None}
    assert found.in_words["maps"] == f"unknown: {use}"


def test_what_is_known_of_some_maps_is_reported_beside_what_is_not(spec_file):
    found = planned(spec_file, TINY + '[[reducer]]\nuse = "umap"\n[[reducer]]\nuse = "random"\n')
    assert found.fit_seconds["pca"] > 0
    assert found.in_words["maps"] == "at most about 0.0 s; unknown: umap, random"


def test_maps_of_the_full_space_are_unknown(spec_file):
    found = planned(spec_file, TINY.replace('use = "pca"', 'use = "pca"\nspace = "full"'))
    assert found.fit_seconds == {"pca": None}


def test_fits_that_analyses_ask_for_count(spec_file):
    before, stability = Before(), '[[analysis]]\nuse = "stability"\nseeds = 5\n'
    once = estimated(spec_file, before, use="autoencoder").fit_seconds["autoencoder"]
    often = estimated(spec_file, before, use="autoencoder", more=stability).fit_seconds["autoencoder"]
    # Five fits from other seeds, and as many on bootstraps of the members.
    assert installed_registry().role("analysis")["stability"].cls(seeds=5).refits() == 10
    assert often == pytest.approx(11 * once)


def test_some_steps_of_an_autoencoder_tell_of_all():
    quick, times = Autoencoder(steps=4000).trial(12)
    assert (quick.steps, times) == (50, 80)
    assert Autoencoder(steps=7).trial(12)[1] == 1


@pytest.mark.parametrize("name", ["pca", "kernel-pca", "isomap", "mds", "t-sne"])
def test_a_fit_that_solves_for_very_many_members_is_not_tried(name):
    reducer = installed_registry().role("reducer")[name].cls()
    assert reducer.trial(1000) is not None
    assert reducer.trial(1001) is None


# Trainings.

PARENT = TINY.replace("[[population.variant]]", "[population.parent]\nepochs = 3\n[[population.variant]]", 1)


def test_the_training_of_a_parent_counts(spec_file):
    with_parent, without = planned(spec_file, PARENT), planned(spec_file)
    assert with_parent.stages[0] == "train parent (3 epochs)"
    assert len(with_parent.stages) == len(without.stages) + 1
    long = planned(spec_file, PARENT.replace("epochs = 3", "epochs = 3000"))
    assert long.train_seconds > 50 * without.train_seconds


def test_the_training_of_a_zoo_and_of_its_parent_count(spec_file):
    zoo = '[zoo.train]\nepochs = 2000\n[[zoo.variant]]\nname = "Z"\n[zoo.parent]\nepochs = 7\n'
    found = planned(spec_file, TINY + zoo)
    assert found.stages[3:5] == ("train parent (7 epochs)", "train Z (2000 epochs)")
    assert found.train_seconds > 50 * planned(spec_file).train_seconds


ALONE = """
[task]
use = "classification"
hidden = [8]
[population.train]
epochs = 10
[[population.variant]]
name = "A"
batch_size = 1437
[[reducer]]
use = "plane"
"""


def stepped(spec_file, monkeypatch, text, seconds):
    """Return the training's seconds where a step of so many examples takes `seconds(examples)`."""
    monkeypatch.setattr("globscope.pipeline.plan.timing._time_steps", lambda run, phase, probe, size: seconds(size))
    return planned(spec_file, text).train_seconds


def test_an_epoch_of_l_bfgs_is_as_long_as_what_it_evaluates(spec_file, monkeypatch):
    whole = ALONE.replace("epochs = 10", "epochs = 10\nthen = [{ optimiser = 'lbfgs', epochs = 3 }]")
    found = stepped(spec_file, monkeypatch, whole, lambda size: 1e-3 * size)
    assert found == pytest.approx((10 + 3 * 25) * 1.437)


def test_a_step_that_mostly_starts_operations_is_not_multiplied(spec_file, monkeypatch):
    quick = stepped(spec_file, monkeypatch, ALONE, lambda size: 0.02 + 1e-5 * size)
    assert quick == pytest.approx(10 * (0.02 + 0.01437))
    slow = stepped(spec_file, monkeypatch, ALONE, lambda size: 0.02 + 1e-2 * size)
    assert slow == pytest.approx(10 * (0.18 * 1437 / 16))  # of the first trial's 16 examples: long enough to tell


def test_steps_are_tried_where_they_will_be_taken(spec_file, monkeypatch):
    built = []
    build = BuiltTask.build
    monkeypatch.setattr("globscope.pipeline.plan.timing.device", lambda wanted, place: f"{place}: {wanted}")
    monkeypatch.setattr(BuiltTask, "build", lambda self, where: built.append(where) or build(self, "cpu"))
    planned(spec_file, TINY.replace("epochs = 2", 'epochs = 2\ndevice = "cuda:1"'))
    assert "population.train.device: cuda:1" in built


def test_a_trial_of_steps_tells_of_a_lack_of_memory_before_anything_is_trained(spec_file, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    study = globscope.load(spec_file(TINY))
    workshop = study.workshop()
    monkeypatch.setattr(workshop.tasks.whole.build("cpu"), "objective", full)
    with pytest.raises(PopulationError, match="variant 'A': a training step does not fit into memory"):
        estimate(workshop)


# Devices.


def test_a_plan_says_which_device_where_it_is_not_the_cpu(spec_file):
    found = planned(spec_file)
    assert found.devices == {"training": "cpu", "evaluation": "cpu"}
    assert " on " not in found.in_words["training"] + found.in_words["evaluation"]
    other = evolve(found, devices={"training": "cuda", "evaluation": "cuda:1"}).in_words
    assert other["training"].endswith(" s on cuda")
    assert other["evaluation"].endswith(" s on cuda:1")


def test_the_manifest_has_the_devices_that_the_spec_asks_for(spec_file, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)  # a machine with a card that the study does not use
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    text = TINY.replace("epochs = 2", 'epochs = 2\ndevice = "cpu"').replace("examples = 64", 'device = "cpu"')
    spec = globscope.load(spec_file(text)).spec
    assert devices(spec) == {"training": "cpu", "evaluation": "cpu"}
    assert devices(globscope.load(spec_file(TINY)).spec) == {"training": "cuda", "evaluation": "cuda"}
    monkeypatch.undo()
    record = values(globscope.load(spec_file(text), folder=tmp_path / "run")).record
    assert record["manifest"]["device"] == {"training": "cpu", "evaluation": "cpu"}


def test_a_device_that_is_not_there_stays_what_the_spec_asks_for(spec_file, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    spec = globscope.load(spec_file(TINY.replace("epochs = 2", 'epochs = 2\ndevice = "cuda:1"'))).spec
    assert devices(spec)["training"] == "cuda:1"


def test_decoding_is_foreseen_with_the_fit(spec_file):
    text = TINY.replace('"pca"', '"kernel-pca"')
    coarse, fine = (planned(spec_file, text, [f"sampler.0.resolution={count}"]) for count in (5, 600))
    assert fine.fit_seconds["kernel-pca"] > 2 * coarse.fit_seconds["kernel-pca"]


# Analyses.

LOWEST = TINY + '[[analysis]]\nuse = "low-loss-pass"\npoints = 7\n'


def test_an_analysis_of_which_only_a_run_can_tell_is_named_and_not_counted(spec_file):
    found, without = planned(spec_file, LOWEST), planned(spec_file)
    assert (found.uncounted, without.uncounted) == (("low-loss-pass",), ())
    assert found.evaluations == without.evaluations
    words = found.in_words
    assert words["loss evaluations"] == "43, without low-loss-pass: only a run can tell"
    assert words["evaluation"].endswith(", without low-loss-pass: only a run can tell")
    assert "only a run" not in "".join(without.in_words.values())
    assert found.stages[-1] == "lowest passes of 1 map, beside curves trained for those that merge"


def test_between_basins_of_runs_there_are_at_most_as_many_passes_as_pairs(spec_file):
    found, runs = planned(spec_file, LOWEST + 'basins = "runs"\n'), 3
    # Pass and line of each pair, curve and chain of all that merge, with seven networks each.
    more = 7 * (2 * runs * (runs - 1) // 2 + 2 * (runs - 1))
    assert found.uncounted == ()
    assert found.in_words["loss evaluations"] == str(43 + more)
    assert found.stages[-1].endswith(f": up to {more} more networks")


# Searches.


def test_of_a_search_its_budget_is_known(spec_file):
    text = TINY.replace('use = "grid"\nresolution = 5', 'use = "critical-points"\nbudget = 500')
    found, members = planned(spec_file, text), 9
    assert found.evaluations == 2 * members + 500
    assert found.in_words["loss evaluations"] == "at most 518"
    assert found.in_words["evaluation"].startswith("at most about ")
    assert "pca: fit, decode critical-points (at most 500 evaluations), evaluate, merge tree" in found.stages
    assert planned(spec_file).in_words["loss evaluations"] == "43"


def test_a_search_of_too_large_a_budget_is_refused(spec_file):
    @define(frozen=True, kw_only=True)
    class Endless:
        """Search for ever."""

        traits = SamplerTraits(budget=10**12)

        def ask(self, chart, landscape, rng):
            return None

    with pytest.raises(PopulationError, match=r"^asks for 1,000,000,000,000 samples"):
        sample_count(Endless(), "endless", 2)
