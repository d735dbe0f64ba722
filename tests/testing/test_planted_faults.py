"""Each check of the contract kit finds a fault that is planted for it, and each fault is found by one check alone."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from attrs import define, evolve, field, fields, has
from attrs.validators import ge
from support.components import BUILT_IN
from support.contract_components import (
    CORNERS,
    DESCENTS,
    FLAWED,
    GUDHI,
    HEAT,
    PLOT,
    ROUNDS,
    TORCH,
    WEIGHTS,
    Announced,
    Around,
    Corners,
    Counts,
    Kept2D,
    TinyProbe,
    TinyTask,
    Unrenewed,
    aligner,
    analysis,
    asking,
    averaged,
    behind,
    beside_a_gradient,
    derived,
    describing,
    detached,
    drawn,
    eager,
    emptied,
    endless,
    halved,
    hiding,
    noisy,
    other_networks,
    overwriting,
    panel,
    recording,
    reducer,
    refuse_one,
    refuse_pickling,
    remembering,
    repaired,
    resting,
    row,
    sampler,
    scoring,
    self_willed,
    sets,
    shifting,
    stuck,
    task,
    tiny,
    topology,
    uncalibrated,
    ungrateful,
    unseeded,
    unsimplified,
    with_buffers,
    written,
    wrong,
)

from globscope.api import (
    GRADIENT,
    AlignerTraits,
    Chart,
    EvaluatorTraits,
    Figure,
    Finding,
    KnownPath,
    Layout,
    MergedNetwork,
    Networks,
    PoolTraits,
    ReducerTraits,
    Renews,
    SamplerTraits,
    Samples,
    TopologyTraits,
)
from globscope.registry import METHODS
from globscope.roles.optional import OPTIONAL, methods
from globscope.testing import ContractError, check_component, checks_for, role_of, surroundings
from globscope.testing.check import NotReachedError
from globscope.testing.checks.options import OptionChecks
from globscope.testing.checks.pool import preparation, product_with, threads_of
from globscope.testing.contract_run import CHECKS
from globscope.testing.unchecked import UNCHECKED

HERE = BUILT_IN.role("pool")["here"].cls
# The probe of another model.
ELSE = SimpleNamespace(layout=Layout(names=("other",), shapes=((1,),)))
# The evaluators that were made in this process.
AT_HOME = []
# Statistics that all networks share, as they must not.
SHARED = {"mean": torch.zeros(6), "variance": torch.ones(6)}
# A component of each role that is right, beside which only one thing is done.
RIGHT = {
    "task": TinyTask,
    "reducer": Kept2D,
    "sampler": Corners,
    "evaluator": TORCH,
    "topology": GUDHI,
    "aligner": WEIGHTS,
    "analysis": Counts,
    "pool": HERE,
}


class Plain:
    """Ask for nothing."""

    def ask(self, chart, landscape, rng):
        return None


def draw():
    return np.random.default_rng().normal()


def force(array):
    """Write to an array that is not to be written to, so little that its numbers mean the same."""
    with suppress(ValueError):  # what belongs to nobody else cannot be written at all
        array.flags.writeable = True
        array.flat[0] = np.nextafter(array.flat[0], np.inf)


def with_traits(**changes):
    """A task whose probe has other traits."""

    def init(self, task, device):
        TinyProbe.__init__(self, task, device)
        self.traits = evolve(self.traits, **changes)

    return task(__init__=init)


def scaling_the_batch(self, parameters, buffers, batch):
    found = TinyProbe.reduce(self, parameters, buffers, batch)
    batch[0].mul_(1.01)
    return found


def unfinished(self, parameters, buffers, batch, *, training):
    self.scale = 2.0
    found = TinyProbe.objective(self, parameters, buffers, batch, training=training)
    self.scale = 1.0
    return found


def scaled(self, parameters, buffers, batch):
    scale = vars(self).get("scale", 1.0)
    return {n: (scale * total, w) for n, (total, w) in TinyProbe.reduce(self, parameters, buffers, batch).items()}


def sharing(self, parameters, buffers, batches):
    found = TinyProbe.calibrate(self, parameters, buffers, batches)
    return found | {name: kept.copy_(found[name].detach()) for name, kept in SHARED.items()}


def doubled_in_stacks(self, parameters, buffers, batch):
    scale = 1 + torch._C._functorch.is_batchedtensor(parameters["inner.bias"])
    return {n: (scale * total, w) for n, (total, w) in TinyProbe.reduce(self, parameters, buffers, batch).items()}


def searching_elsewhere(self, chart, rng):
    yield Samples(points=CORNERS + 1, index=CORNERS.astype(int), shape=(3, 3))


def forcing(self, chart, landscape, rng):
    if landscape is None:
        return Samples(points=CORNERS.copy())
    return force(landscape.fields["train_loss"])


def scoring_plain_networks(self, networks, task, plan):
    scorer = TORCH.scorer(self, networks, task, plan)
    if not getattr(task, "normalised", False):
        return scorer
    return Around(scorer, lambda inner, unit: {"train_loss": inner.score(unit)["train_loss"]})


def stay_at_home(self):
    AT_HOME.append(self)


def scoring_at_home(self, networks, task, plan):
    scorer, scale = TORCH.scorer(self, networks, task, plan), 1 if any(one is self for one in AT_HOME) else 2
    return Around(scorer, lambda inner, unit: {name: scale * values for name, values in inner.score(unit).items()})


def scoring_by_force(self, networks, task, plan):
    scorer = TORCH.scorer(self, networks, task, plan)
    return Around(scorer, lambda inner, unit: [inner.score(unit), force(networks.coordinates)][0])


def topologies(changed):
    """The topology whose tree is changed, given its landscape."""
    return GUDHI, {"compute": lambda self, landscape: changed(landscape, GUDHI.compute(self, landscape))}


def looking_at(values, **options):
    """The topology that looks at other losses, given the landscape; options are as its class had them by default."""

    def compute(self, landscape):
        fields = {name: values(landscape, losses) for name, losses in landscape.fields.items()}
        return GUDHI.compute(evolve(self, **options), evolve(landscape, fields=fields))

    return GUDHI, {"compute": compute} | ({"traits": TopologyTraits(**options)} if options else {})


def lower_later_on_paths(given, losses):
    """Return losses of which, on a path, the later of two equal ones is lower."""
    return losses - 1e-9 * np.arange(losses.size) * (len(given.samples.shape or ()) == 1)


@define(frozen=True, kw_only=True)
class Learner(WEIGHTS):
    """Count the networks of a zoo, and match weights."""

    traits = AlignerTraits(learns=True)

    def learn(self, task, zoo, draft, progress, rng):
        draft.write({"step": np.zeros(1)})
        return {"weights": rng.normal(size=len(zoo.members)), "seconds": np.random.default_rng().random(1)}

    def with_learned(self, arrays):
        return WEIGHTS()

    def describe(self, arrays):
        return Finding()


def forgetful(self, task, zoo, draft, progress, rng):
    begun = len(draft.read())
    return {"weights": Learner.learn(self, task, zoo, draft, progress, rng)["weights"] + begun}


def asking_the_bench(ask, **members):
    """The analysis that asks something of the bench before."""

    def analyse(self, atlas, bench, rng):
        ask(bench, atlas)
        return Counts.analyse(self, atlas, bench, rng)

    return Counts, {"analyse": analyse, **members}


def lending(change, error=None, place=lambda prepare, shared: shared):
    """The pool whose workers give changed results, raise another error, or are sent elsewhere."""

    @contextmanager
    def opened(self):
        with HERE.open(self) as workers:

            def mapped(prepare, shared, items, *given):
                items = list(items)
                try:
                    pairs = list(workers.map(prepare, place(prepare, shared), items, *given))
                except ValueError:
                    raise error or ValueError("this was made to fail") from None
                yield from change(pairs, prepare, shared, items)

            yield SimpleNamespace(count=workers.count, map=mapped)

    return HERE, {"open": opened}


def spilling(role, effect):
    """The right component of a role, whose work has an effect beside."""
    base, name = RIGHT[role], METHODS[role]
    work = getattr(base, name)

    def spilt(self, *given):
        effect()
        return work(self, *given)

    return base, {name: spilt}


def leave_a_thread():
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def leave_a_process():
    CHILDREN.append(subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(30)"]))


def look_around():
    """Read what lies in the working directory."""
    Path(PLACE).read_bytes()


def end_the_process():
    raise SystemExit(3)


# A file in the working directory.
PLACE = "here.txt"
# What runs because of a fault.
CHILDREN = []
ALONE, RANDOM, FIRST = "leaves_the_process_alone", "leaves_global_random_state_alone", "does_its_work"
# What a component does to the process that it runs in.
SPILLS = {
    "raises SystemExit": (end_the_process, FIRST),
    "raises an error": (lambda: 1 / 0, FIRST),
    "works only where it was started": (look_around, "does_its_work_again"),
    "draws from Python's generator": (random.random, RANDOM),
    "draws from numpy's global generator": (np.random.normal, RANDOM),
    "seeds torch": (lambda: torch.manual_seed(0), RANDOM),
    "prints": (lambda: print("hello"), ALONE),
    "prints on standard error": (lambda: sys.stderr.write("hello"), ALONE),
    "writes a file": (lambda: Path("note.txt").write_text("hello"), ALONE),
    "sets torch's threads": (lambda: torch.set_num_threads(3), ALONE),
    "sets torch's dtype": (lambda: torch.set_default_dtype(torch.float64), ALONE),
    "sets torch's device": (lambda: torch.set_default_device("meta"), ALONE),
    "turns gradients off": (lambda: torch.set_grad_enabled(False), ALONE),
    "makes torch deterministic": (lambda: torch.use_deterministic_algorithms(True, warn_only=True), ALONE),
    "sets cuDNN's flags": (lambda: setattr(torch.backends.cudnn, "benchmark", True), ALONE),
    "hides numpy's errors": (lambda: np.seterr(all="ignore"), ALONE),
    "hides warnings": (lambda: warnings.simplefilter("ignore"), ALONE),
    "sets an environment variable": (lambda: os.environ.__setitem__("GLOBSCOPE_FAULT", "1"), ALONE),
    "changes the folder": (lambda: os.chdir("/"), ALONE),
    "extends the path of imports": (lambda: sys.path.append("/nowhere"), ALONE),
    "recurses deeper": (lambda: sys.setrecursionlimit(5000), ALONE),
    "handles a signal": (lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN), ALONE),
    "configures logging": (lambda: logging.root.setLevel(logging.DEBUG), ALONE),
    "leaves a thread": (leave_a_thread, ALONE),
    "leaves a process": (leave_a_process, ALONE),
}
# Every role's work is watched in the same way, so those whose checks take longest are shown one fault for each check.
SMALL = ("reducer", "sampler")
SHORT = ("raises SystemExit", "works only where it was started", "seeds torch", "prints")

FAULTS = {
    "forgets a group": (
        aligner(lambda found, b: {}),
        "permutes_every_group",
    ),
    "pairs two units with one": (
        aligner(lambda found, b: {name: np.zeros_like(order) for name, order in found.items()}),
        "permutes_every_group",
    ),
    "matches nothing": (
        aligner(lambda found, b: {name: np.arange(len(order)) for name, order in found.items()}),
        "recovers_a_permuted_copy",
    ),
    "shuffles as it likes": (
        aligner(
            lambda found, b: {name: np.random.default_rng().permutation(len(order)) for name, order in found.items()}
        ),
        "same_generator_gives_the_same_permutations",
    ),
    "writes to the network that it aligns": (
        aligner(emptied),
        "leaves_inputs_untouched",
    ),
    "aligns one network less than a large set has": (
        sets(lambda found: found[1:] if len(found) > 2 else found),
        "aligns_a_set_to_one_order",
    ),
    "leaves a set in the order in which it is": (
        sets(lambda found: [{name: np.arange(len(order)) for name, order in one.items()} for one in found]),
        "recovers_a_permuted_copy",
    ),
    "shows a module of other weights": (
        task(inputs=lambda self, batch: (batch[1],)),
        "shows_the_module_that_it_runs",
    ),
    "draws from numpy's global generator": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.random.normal(size=2))),  # noqa: NPY002
        "leaves_global_random_state_alone",
    ),
    "draws from a generator of its own": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.random.default_rng().normal())),
        "same_seed_gives_the_same_chart",
    ),
    "moves torch's global generator": (reducer(drawn), "leaves_global_random_state_alone"),
    "writes to its inputs": (
        reducer(written),
        # In a study, coordinates are read-only.
        "leaves_inputs_untouched",
    ),
    "forgets a member": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, latents=chart.latents[1:])),
        "latents_have_one_finite_row_a_member",
    ),
    "has latents that are not finite": (
        reducer(lambda self, chart, inputs, rng: noisy(chart, np.inf)),
        "latents_have_one_finite_row_a_member",
    ),
    "has other axes than latent_dim": (
        reducer(lambda self, chart, inputs, rng: tiny(inputs, 3)),
        "latents_have_one_finite_row_a_member",
    ),
    "decodes to another width": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=lambda p: p)),
        "decodes_points_to_coordinates",
    ),
    "encodes to another width": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, encode=lambda c: c)),
        "encodes_coordinates_to_points",
    ),
    "claims an exact inverse": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, exact_inverse=True)),
        "exact_inverse_is_claimed_rightly",
    ),
    "claims to decode pointwise": (
        reducer(
            lambda self, chart, inputs, rng: evolve(
                chart, decode=lambda p: chart.decode(p - p.mean(axis=0)), arrays=None, pointwise=True
            )
        ),
        "pointwise_is_claimed_rightly",
    ),
    "pulls gradients back in other units": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: 1.05 * g[:, :2])),
        "pullback_is_the_transposed_jacobian",
    ),
    "pulls gradients back along swapped axes": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: g[:, 1::-1])),
        "pullback_is_the_transposed_jacobian",
    ),
    "pulls gradients back in place": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: np.negative(g, out=g)[:, :2])),
        "leaves_points_untouched",
    ),
    "names one of two axes": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, axes=("depth",))),
        "axes_are_named_once_each_or_not_at_all",
    ),
    "calls two axes alike": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, axes=("depth", "depth"))),
        "axes_are_named_once_each_or_not_at_all",
    ),
    "does not say why there is no landscape": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=None)),
        "missing_inverse_is_explained",
    ),
    "stores arrays that nothing restores": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, arrays={"x": np.zeros(1)})),
        "restored_chart_is_the_fitted_one",
    ),
    "restores another chart": (
        (
            Kept2D,
            {
                "changed": lambda self, chart, inputs, rng: evolve(chart, arrays={"x": np.zeros(1)}),
                "restore": lambda self, inputs, arrays: evolve(
                    tiny(inputs, 2), decode=lambda p: p[:, :1] @ np.ones((1, 11))
                ),
            },
        ),
        "restored_chart_is_the_fitted_one",
    ),
    "forgets its pullback": (
        (
            Kept2D,
            {
                "changed": lambda self, chart, inputs, rng: evolve(
                    chart, arrays={"x": np.zeros(1)}, pullback=lambda p, g: g[:, :2].copy()
                ),
                "restore": lambda self, inputs, arrays: tiny(inputs, 2),
            },
        ),
        "restored_chart_is_the_fitted_one",
    ),
    "asks for points that are not finite": (
        sampler(lambda self, samples, chart, landscape: Samples(points=samples.points * np.nan)),
        "asks_for_finite_points_of_the_chart",
    ),
    "leaves its lattice": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, shape=(2, 2))),
        "lattice_is_consistent",
    ),
    "asks for one lattice vertex twice": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, index=samples.index // 2 * 0)),
        "lattice_is_consistent",
    ),
    "has a shape without an index": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, index=None)),
        "lattice_is_consistent",
    ),
    "asks elsewhere each time": (
        sampler(lambda self, samples, chart, landscape: Samples(points=np.random.default_rng().normal(size=(3, 2)))),
        "is_a_pure_function",
    ),
    "asks for ever": ((Corners, {"ask": endless}), "ends"),
    "foretells another count": ((Corners, {"count": lambda self, dimension: 5}), "foretells_its_count"),
    "writes to the landscape": (  # which cannot be written, so that it fails wherever a second round is asked for
        (Corners, {"ask": overwriting}),
        "does_its_work",
    ),
    "joins a sample with itself": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, edges=np.array([[0, 1], [2, 2]]))),
        "edges_join_two_samples_of_the_rounds_so_far",
    ),
    "joins samples that are still to come": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, edges=np.array([[0, len(samples.points)]]))),
        "edges_join_two_samples_of_the_rounds_so_far",
    ),
    "asks for the gradient of no field": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, gradient="depth")),
        "asks_for_the_gradient_of_one_field",
    ),
    "goes by the points for which it asked": (
        (Announced, {"search": remembering, "traits": SamplerTraits()}),
        "continues_from_points_that_differ_in_their_last_bits",
    ),
    "takes more than its budget": (
        (Announced, {"traits": SamplerTraits(budget=ROUNDS * DESCENTS * 5 - 1, gradient="train_loss")}),
        "stays_within_its_budget",
    ),
    "explains each time another thing": (
        (Announced, {"explain": lambda self, chart, landscape: row(x=float(np.random.default_rng().normal()))}),
        "explains_the_same_each_time",
    ),
    "explains with records": (
        (Announced, {"explain": lambda self, chart, landscape: Finding(records={"": {"x": 1}})}),
        "explains_the_same_each_time",
    ),
    "repairs losses": (
        recording(lambda fields: {name: np.nan_to_num(values) for name, values in fields.items()}),
        "keeps_losses_that_are_not_finite",
    ),
    "scores the same networks for ever": (
        (TORCH, {"scorer": lambda self, *of: Unrenewed(TORCH.scorer(self, *of))}),
        "renewed_scorer_scores_as_a_new_one",
    ),
    "forgets a field": (
        recording(lambda fields: {name: v for name, v in fields.items() if name != "test_accuracy"}),
        "records_every_network_once",
    ),
    "scores a field that it does not name": (
        recording(lambda fields: {**fields, "train_sharpness": fields["train_loss"]}),
        "adds_the_fields_that_it_names",
    ),
    "offers a field that it scores": (
        (TORCH, {"offered_fields": lambda self, probe: {"train_loss": "loss = true"}}),
        "offers_fields_that_it_does_not_score",
    ),
    "counts examples that are not there": (
        (TORCH, {"scored_examples": lambda self, probe: {"train": 10**6, "test": 1}}),
        "counts_the_examples_of_every_split",
    ),
    "makes losses relative to their unit": (
        recording(lambda fields: fields | {"train_loss": fields["train_loss"] / fields["train_loss"].max()}),
        "another_cut_gives_nearly_the_same_numbers",
    ),
    "is never twice the same": (
        recording(
            lambda fields: fields | {"train_loss": fields["train_loss"] + np.random.default_rng().normal() / 1e7}
        ),
        "same_plan_gives_the_same_bits",
    ),
    "does not calibrate": (
        (TORCH, {"scorer": uncalibrated}),
        "calibrates_statistics",
    ),
    "re-estimates what is no statistic": (
        with_buffers(calibrate=shifting),
        "calibration_leaves_other_buffers_alone",
    ),
    "re-estimates nothing": (
        with_buffers(calibrate=resting),
        "names_its_statistics",
    ),
    "draws from a generator of its own in each call": (
        task(reduce=self_willed),
        "draws_what_a_seed_repeats",
    ),
    "scores a network with the buffers of the one before": (with_buffers(reduce=behind), "keeps_no_buffers"),
    "does not seed what it draws": (
        other_networks(lambda networks: evolve(networks, seed=None)),
        "does_its_work",
    ),
    "scores all networks with a fresh model's buffers": (
        other_networks(lambda networks: evolve(networks, buffers=())),
        "scores_a_network_with_its_own_buffers",
    ),
    "gives a gradient in other units": (
        beside_a_gradient(lambda fields: fields | {GRADIENT: 1.001 * fields[GRADIENT]}),
        "gradient_is_that_of_differences",
    ),
    "gives the gradient of another split": (
        other_networks(lambda networks: evolve(networks, gradient=networks.gradient and "train_loss")),
        "gradient_is_that_of_differences",
    ),
    "scores otherwise beside a gradient": (
        beside_a_gradient(lambda fields: fields | {"train_loss": 1.001 * fields["train_loss"]}),
        "gradient_changes_no_field",
    ),
    "hides what a task raises": (scoring(hiding), "survives_a_failing_network"),
    "leaves gradients off": (scoring(ungrateful), "survives_a_failing_network"),
    "computes again what is recorded": ((TORCH, {"scorer": eager}), "scores_what_a_unit_has_and_no_more"),
    "repairs losses before the tree is built": (
        topology(np.nan_to_num),
        "knows_two_components",
    ),
    "looks at differences that are too fine": (
        topology(lambda values: np.round(values / 2)),
        "knows_two_bowls",
    ),
    "does not simplify": ((GUDHI, {"compute": unsimplified}), "threshold_removes_the_smaller_pairs"),
    "finds NaN": (
        analysis(lambda self, finding, atlas, rng: row(x=float("nan"))),
        "finding_is_json_without_nan",
    ),
    "has cells without a column": (
        analysis(lambda self, finding, atlas, rng: row(y=1)),
        "tables_have_their_columns",
    ),
    "shows NaN": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, panels=(panel(y=np.nan),))))),
        "finding_is_json_without_nan",
    ),
    "has two pictures of one name": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, name=HEAT.name)))),
        "pictures_can_be_told_apart",
    ),
    "has two pictures of one title": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(HEAT, evolve(PLOT, title=HEAT.headline)))),
        "pictures_can_be_told_apart",
    ),
    "has a picture of which nothing is said": (
        analysis(lambda self, finding, atlas, rng: Finding(pictures=(evolve(PLOT, caption=" "),))),
        "pictures_can_be_told_apart",
    ),
    **{
        f"has {what}": (
            analysis(lambda self, finding, atlas, rng, flawed=flawed: Finding(pictures=(flawed,))),
            "pictures_can_be_drawn",
        )
        for what, flawed in FLAWED.items()
    },
    "records what is no map": (
        analysis(lambda self, finding, atlas, rng: Finding(records={"nobody": {"x": 1}})),
        "records_are_of_maps",
    ),
    **{
        f"knows a path {what}": (
            analysis(lambda self, finding, atlas, rng, path=path: Finding(paths=(path,))),
            "paths_join_runs",
        )
        for what, path in {
            "to nowhere": KnownPath(one="A", other="nobody", field="train_loss", worst=1.0, found_by="it"),
            "to its start": KnownPath(one="A", other="A", field="train_loss", worst=1.0, found_by="it"),
            "of no field": KnownPath(one="A", other="B", field="nothing", worst=1.0, found_by="it"),
        }.items()
    },
    "needs a landscape": (
        analysis(lambda self, finding, atlas, rng: row(x=len(atlas.maps[0].landscape.samples.points))),
        "survives_maps_without_inverse",
    ),
    "needs a leaf": (
        analysis(
            lambda self, finding, atlas, rng: (
                row(x=int(atlas.maps[0].topology.tree.minima[0])) if atlas.maps[0].topology else finding
            )
        ),
        "survives_an_empty_topology",
    ),
    "answers differently each time": (
        analysis(lambda self, finding, atlas, rng: row(x=float(np.random.default_rng().normal()))),
        "same_generator_gives_the_same_finding",
    ),
    "calls derived members trained": (derived("trained"), "derives_members_that_fit"),
    "reduces to means": (task(reduce=averaged), "reductions_add_up"),
    "describes what it does not measure": (task(__init__=describing), "describes_measures_that_it_has"),
    "repairs its loss": (task(reduce=repaired), "keeps_losses_that_are_not_finite"),
    "trains on another loss": (task(reduce=halved), "reduced_mean_is_the_objective"),
    "says something of fewer examples than it is asked about": (
        task(outputs=lambda self, *given: TinyProbe.outputs(self, *given)[:3]),
        "outputs_are_of_each_example",
    ),
    "computes another loss from predictions": (
        task(loss_of_predictions=lambda self, *given: 2 * TinyProbe.loss_of_predictions(self, *given)),
        "loss_is_computed_from_predictions",
    ),
    "has a Fisher information that leans to one class": (
        task(predictions_fisher=lambda self, predictions, batch, vectors: vectors.roll(1, -1)),
        "fisher_information_is_symmetric",
    ),
    "cannot be differentiated": (task(objective=detached), "objective_is_differentiable"),
    "is moved by training": (
        task(objective=stuck),
        "training_leaves_no_trace",
    ),
    "initialises from the global generator": (
        task(initialise=unseeded),
        "leaves_global_random_state_alone",
    ),
    "builds another task each time": (
        task(initialise=lambda self, seed: TinyProbe.initialise(self, int.from_bytes(os.urandom(2)))),
        "builds_the_same_task_twice",
    ),
    "ignores its seed": (
        task(initialise=lambda self, seed: TinyProbe.initialise(self, 0)),
        "initialises_what_its_layout_says",
    ),
    "does not reduce to a measure": (
        task(reduce=lambda self, *given: {"loss": TinyProbe.reduce(self, *given)["loss"]}),
        "names_splits_and_measures",
    ),
    "scales the batch that it is given": (task(reduce=scaling_the_batch), "leaves_inputs_untouched"),
    "does not clean up after a failure": (task(objective=unfinished, reduce=scaled), "failure_leaves_no_trace"),
    "misspells a member of its probe": (task(digests=lambda self: ""), "misspells_no_optional_member_of_the_probe"),
    "recognises networks by options that it does not have": (
        (TinyTask, {"recognise": classmethod(lambda cls, shapes: {"depth": 1})}),
        "recognises_by_its_options",
    ),
    "recognises every folder": (
        (TinyTask, {"recognise_folder": classmethod(lambda cls, folder: {})}),
        "recognises_no_folder_of_nobody",
    ),
    "calibrates into the buffers of the network before": (
        with_buffers(calibrate=sharing),
        "calibration_leaves_no_trace",
    ),
    "reduces by a fresh network's statistics": (
        with_buffers(reduce=lambda self, p, b, batch: TinyProbe.reduce(self, p, {**self.initialise(0)[1], **b}, batch)),
        "reduces_by_the_batch_where_statistics_are_missing",
    ),
    "reduces stacked networks otherwise": (task(reduce=doubled_in_stacks), "stacked_networks_reduce_alike"),
    "does not save a buffer that nobody has": (with_traits(unsaved=("ghost",)), "names_tensors_that_it_has"),
    "has examples of fewer than no bytes": (with_traits(example_bytes=-1), "gives_reasons_and_sizes"),
    "ends a reason with a full stop": (with_traits(no_split="It is a secret."), "gives_reasons_and_sizes"),
    "sets what a study sets": (with_traits(encodes_statistics=True), "leaves_to_the_study_what_is_its_own"),
    "digests chance": (task(digest=lambda self: os.urandom(4).hex()), "digest_is_of_the_data"),
    "fits itself to another model": (
        (TinyTask, {"for_tensors": lambda self, names: SimpleNamespace(build=lambda device: ELSE)}),
        "fits_the_tensors_that_it_has",
    ),
    "decodes to float32": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=lambda p: chart.decode(p).astype(np.float32))),
        "answers_in_float64_arrays",
    ),
    "encodes to a list": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, encode=lambda c: chart.encode(c).tolist())),
        "answers_in_float64_arrays",
    ),
    "has complex latents": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, latents=chart.latents + 0j)),
        "answers_in_float64_arrays",
    ),
    "pulls gradients back to float32": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, pullback=lambda p, g: g[:, :2].astype(np.float32))),
        "answers_in_float64_arrays",
    ),
    "decodes to NaN": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=lambda p: chart.decode(p) * np.nan)),
        "decodes_points_to_coordinates",
    ),
    "claims to be flat": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, decode=lambda p: chart.decode(np.sin(p)), flat=True)),
        "flat_is_claimed_rightly",
    ),
    "decodes otherwise where somebody watches": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, report_decode=lambda p, _: chart.decode(p) + 1)),
        "report_decode_decodes",
    ),
    "has a slice whose corners are swapped": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, extent=np.array([[1.0, 1.0], [0.0, 0.0]]))),
        "slice_has_its_corners",
    ),
    "notes NaN": (
        reducer(lambda self, chart, inputs, rng: evolve(chart, notes={"loss": np.nan})),
        "notes_are_figures_and_text",
    ),
    "says that it has a space of its own": (
        (Kept2D, {"traits": ReducerTraits(own_space=True)}),
        "own_space_needs_no_coordinates",
    ),
    "announces a centre": ((Kept2D, {"traits": ReducerTraits(centred=True)}), "announces_centre_and_inverse"),
    "announces that it does not decode": (
        (Kept2D, {"traits": ReducerTraits(why_no_inverse="It is a secret.")}),
        "announces_centre_and_inverse",
    ),
    "needs a network that no spec can name": (
        (Kept2D, {"traits": ReducerTraits(networks=("A@last",))}),
        "names_networks_as_specs_do",
    ),
    "tries another map": (
        (Kept2D, {"trial": lambda self, members: (Kept2D(latent_dim=3), 2.0)}),
        "trial_is_a_fit_of_its_kind",
    ),
    "is compiled nowhere": ((Kept2D, {"compilation": lambda self: "no_module_of_anybody"}), "compilation_is_a_module"),
    "asks for points in float32": (
        sampler(lambda self, samples, chart, landscape: Samples(points=samples.points.astype(np.float32))),
        "asks_for_finite_points_of_the_chart",
    ),
    "asks for a list of points": (
        (Corners, {"ask": lambda self, chart, landscape, rng: None if landscape else [[0.0, 0.0]]}),
        "does_its_work",
    ),
    "asks for the gradient that it does not announce": (
        sampler(lambda self, samples, chart, landscape: evolve(samples, gradient="train_loss")),
        "asks_for_the_gradient_of_one_field",
    ),
    "searches elsewhere": ((Corners, {"search": searching_elsewhere}), "searches_as_it_asks"),
    "builds a sampler that cannot search": (
        (Announced, {"build_on": lambda self, earlier: Corners()}),
        "builds_on_what_others_measured",
    ),
    "forces its way into the landscape": ((Corners, {"ask": forcing}), "leaves_inputs_untouched"),
    "fills less of its lattice than it says": (
        (Corners, {"shape": lambda self, dimension: (3, 3)}),
        "foretells_its_lattice",
    ),
    "measures paths without edges": (
        (Corners, {"traits": SamplerTraits(measures_paths=True)}),
        "announces_names_and_edges",
    ),
    "scores in float32": (
        recording(lambda fields: fields | {"train_accuracy": fields["train_accuracy"].astype(np.float32)}),
        "answers_in_float64_arrays",
    ),
    "scores lists": (
        recording(lambda fields: fields | {"train_accuracy": fields["train_accuracy"].tolist()}),
        "answers_in_float64_arrays",
    ),
    "scores complex losses": (
        recording(lambda fields: fields | {"train_loss": fields["train_loss"] + 0j}),
        "does_its_work",
    ),
    "leaves out networks with statistics": (
        (TORCH, {"scorer": scoring_plain_networks}),
        "records_networks_with_statistics",
    ),
    "is tried in more time than it takes": (
        (TORCH, {"trial": lambda self, probe: (self, 0.5)}),
        "trial_scores_the_same_fields",
    ),
    "gives the buffers of another network": (
        (TORCH, {"buffers_of": lambda self, task, weights, own, seed: own}),
        "gives_the_buffers_with_which_it_scores",
    ),
    "draws by a seed of its own": (
        other_networks(lambda networks: evolve(networks, seed=networks.seed and 5)),
        "draws_the_same_numbers_for_all_networks",
    ),
    "scores otherwise in another process": (
        (TORCH, {"__attrs_post_init__": stay_at_home, "scorer": scoring_at_home}),
        "scores_in_another_process",
    ),
    "writes to the networks that it scores": (
        (TORCH, {"scorer": scoring_by_force}),
        "leaves_inputs_untouched",
    ),
    "scores on a device that nobody has": (
        (TORCH, {"traits": EvaluatorTraits(device="warp", gradients=True)}),
        "announces_where_it_scores",
    ),
    "has elders that are no pairs": (
        topologies(lambda given, found: evolve(found, tree=evolve(found.tree, elders=found.tree.elders + 10**6))),
        "arrays_fit_one_another",
    ),
    "finds minima on a plateau": (
        looking_at(lambda given, losses: np.arange(losses.size) % 2.0 if np.ptp(losses) == 0 else losses),
        "constant_field_has_one_minimum",
    ),
    "cuts high losses off": (
        looking_at(lambda given, losses: np.where(np.isfinite(losses), np.minimum(losses, 5), losses)),
        "order_preserving_rescaling_keeps_the_tree",
    ),
    "orders equal losses backwards": (
        looking_at(lower_later_on_paths),
        "agrees_with_the_definition_on_paths",
    ),
    "sees nothing in scattered samples": (
        looking_at(lambda given, losses: losses * (given.samples.index is not None)),
        "finds_the_bowls_in_scattered_samples",
    ),
    "needs a finite loss": (
        looking_at(lambda given, losses: losses + 0 * losses[np.flatnonzero(np.isfinite(losses))[0]]),
        "survives_a_field_without_finite_samples",
    ),
    "writes to the losses": (
        looking_at(lambda given, losses: force(losses) or losses),
        "leaves_inputs_untouched",
    ),
    "computes another tree each time": (
        topologies(
            lambda given, found: evolve(found, full=evolve(found.full, values=found.full.values + 1e-9 * draw()))
        ),
        "same_landscape_gives_the_same_tree",
    ),
    "claims neighbours of another kind": (
        (GUDHI, {"traits": TopologyTraits(adjacency="full")}),
        "adjacency_is_claimed_rightly",
    ),
    "orders equal losses of nearest neighbours backwards": (
        looking_at(lower_later_on_paths, adjacency="knn"),
        "adjacency_is_claimed_rightly",
    ),
    "describes nothing of what it learned": (
        (Learner, {"describe": lambda self, arrays: None}),
        "describes_how_it_learned",
    ),
    "learns from more networks than there are": (
        (Learner, {"traits": AlignerTraits(learns=True, fewest=100)}),
        "learns_from_as_few_networks_as_it_says",
    ),
    "learns otherwise after a kill": ((Learner, {"learn": forgetful}), "learning_continues_from_its_draft"),
    "has scores of the worst assignment": (
        (WEIGHTS, {"scores": lambda self, *given: {n: -s for n, s in WEIGHTS.scores(self, *given).items()}}),
        "best_assignment_of_its_scores_is_what_it_returns",
    ),
    "cannot start where it says": (
        (WEIGHTS, {"traits": AlignerTraits(start="weight-matching")}),
        "starts_from_the_scores_of_another",
    ),
    "permutes by a list of floats": (
        aligner(lambda found, b: {name: order.astype(float).tolist() for name, order in found.items()}),
        "permutes_every_group",
    ),
    "uses an aligner that it does not name": (
        asking_the_bench(lambda bench, atlas: bench.align("stranger", {}, {}, "a to b")),
        "names_what_it_looks_at",
    ),
    "scores more networks than it says": (
        asking_the_bench(
            lambda bench, atlas: bench.measure(Networks.of(atlas.population.weights)),
            evaluations=lambda self, lattices, maps, variants: 1,
        ),
        "foretells_its_evaluations",
    ),
    "decodes more networks than it says": (
        asking_the_bench(
            lambda bench, atlas: bench.sample(atlas.maps[0], Samples(points=np.zeros((2, 2)))),
            evaluations=lambda self, lattices, maps, variants: 1,
        ),
        "foretells_its_evaluations",
    ),
    "refits maps and does not say so": (
        asking_the_bench(lambda bench, atlas: bench.landscape(bench.fit("linear", atlas.population, seed=5))),
        "foretells_its_refits",
    ),
    "plans in two lines": ((Counts, {"plan": lambda self, maps, variants: "one\ntwo"}), "plans_in_a_line"),
    "has a curve to nowhere": ((Counts, {"curve_point": lambda self, *given: np.zeros(51)}), "curves_join_the_runs"),
    "merges to a few weights": (
        (Counts, {"merged_network": lambda self, *given: MergedNetwork(title="m", weights=np.zeros(3), members=())}),
        "merges_networks_of_the_layout",
    ),
    "compares what it does not record": (
        analysis(lambda self, finding, atlas, rng: Finding(comparison=(Figure(key="x", label="x"),))),
        "comparison_is_of_records",
    ),
    "writes to the true losses": (
        analysis(lambda self, finding, atlas, rng: force(atlas.truth["train_loss"]) or finding),
        "leaves_inputs_untouched",
    ),
    "returns no finding": (analysis(lambda self, finding, atlas, rng: None), "finding_is_json_without_nan"),
    "does an item twice": (
        lending(lambda pairs, prepare, shared, items: [*pairs, *pairs[:1]] if shared == 10 else pairs),
        "gives_every_item_its_result",
    ),
    "works for nothing": (
        lending(lambda pairs, prepare, shared, items: pairs or [(0, 0)]),
        "needs_nothing_for_nothing",
    ),
    "prepares for every item": (
        lending(
            lambda pairs, prepare, shared, items: (
                [(n, prepare(shared)(n, None)) for n in items] if prepare is preparation else pairs
            )
        ),
        "prepares_once_in_a_worker",
    ),
    "hides errors": (lending(lambda pairs, *given: pairs, error=KeyError("what was it?")), "passes_errors_on"),
    "is broken by an error": (
        lending(lambda pairs, prepare, shared, items: [] if shared == 1 and len(items) == 1 else pairs),
        "works_on_after_an_error",
    ),
    "is broken by results that nobody reads": (
        lending(lambda pairs, prepare, shared, items: [] if shared == 2 else pairs),
        "can_be_left_early",
    ),
    "rounds products": (
        lending(
            lambda pairs, prepare, shared, items: (
                [(n, np.round(product, 3)) for n, product in pairs] if prepare is product_with else pairs
            )
        ),
        "computes_what_this_process_computes",
    ),
    "has other workers than it says": ((HERE, {"traits": PoolTraits(workers=5)}), "announces_its_workers"),
    "works on another machine": (
        lending(
            lambda pairs, *given: pairs,
            place=lambda prepare, shared: "/nowhere/note" if prepare is threads_of else shared,
        ),
        "announces_shared_files",
    ),
    **{
        f"{fault}, as {role}": (spilling(role, effect), check)
        for role in METHODS
        for fault, (effect, check) in SPILLS.items()
        if role in SMALL or fault in SHORT
    },
}


# By fault: what the class is made of, its options, and the check that finds it.
MISMADE = {
    "is no attrs class": (None, {}, "is_an_attrs_class"),
    "can be changed": ({"frozen": False}, {}, "is_frozen"),
    "takes options by position": ({"kw_only": False}, {}, "takes_options_by_name"),
    "has an option of which nothing is said": ({"doc": "Ask for corners."}, {}, "is_documented"),
    "says nothing": ({"doc": None}, {}, "is_documented"),
    "takes a reserved key": (
        {"doc": "Ask.\n\nAttributes:\n    name: N.\n", "__annotations__": {"name": str}, "name": "a"},
        {},
        "leaves_reserved_keys_alone",
    ),
    "has a value that TOML cannot say": (
        {"__annotations__": {"size": int | None}},
        {"size": None},
        "options_survive_toml",
    ),
    "has an option that is never read": (
        {"__annotations__": {"size": Any}, "size": field(default=1, init=False)},
        {},
        "options_survive_toml",
    ),
    "has options that are taken for each other": (
        {
            "doc": "Ask.\n\nAttributes:\n    size: S.\n    size__: S.\n",
            "__annotations__": {"size": int, "size__": int},
            "size__": 2,
        },
        {},
        "unknown_option_is_refused",
    ),
    "has a default that it refuses": (
        {"size": field(default=0, validator=ge(1))},
        {"size": 2},
        "defaults_are_valid",
    ),
    "does not construct by default": ({"__attrs_post_init__": refuse_one}, {"size": 2}, "constructs_by_default"),
    "cannot be pickled": ({"__reduce__": refuse_pickling}, {}, "is_picklable"),
    "misspells an optional method": ({"counts": lambda self, dimension: 3}, {}, "misspells_no_optional_member"),
    "has examples of another class": (
        {"quick_examples": classmethod(lambda cls: [3])},
        {},
        "quick_examples_are_of_its_class",
    ),
    "checks by an error of its own": (
        {"check": lambda self, facts: facts.nothing},
        {},
        "checks_the_facts_of_a_study",
    ),
}


def violated(component):
    """Return what each check finds that is reached."""
    found = {}
    for name, check in checks_for(component):
        try:
            check()
        except NotReachedError:
            continue
        except ContractError as error:
            found[name] = str(error)
    return found


@pytest.fixture(autouse=True)
def surrounded(monkeypatch, tmp_path):
    """Work in a folder of the test's own, wait for no thread or process, and end those that a fault has left."""
    Path(tmp_path, PLACE).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(surroundings, "GRACE", 0.05)
    yield
    while CHILDREN:
        child = CHILDREN.pop()
        child.kill()
        child.wait()


@pytest.mark.parametrize(("made", "check"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_by_the_check_that_is_there_for_it_and_by_no_other(made, check):
    base, body = made
    assert [*violated(wrong(base, **body))] == [check]


@pytest.mark.parametrize(("body", "options", "check"), MISMADE.values(), ids=MISMADE)
def test_options_that_are_wrong_in_one_point_are_found_out_for_it(body, options, check):
    cls = Plain if body is None else asking(**body)
    assert [*violated(cls(**options))] == [check]


def test_every_check_of_every_role_has_a_fault_that_only_it_finds():
    options = {name for name in vars(OptionChecks) if name[0] != "_"}
    # Options are checked alike in every role, and so is what a component says of the facts of a study.
    alike = options | {"checks_the_facts_of_a_study"}
    assert {check for _, _, check in MISMADE.values()} == alike
    for role, suite in CHECKS.items():
        planted = {check for (base, _), check in FAULTS.values() if role_of(base) == role}
        assert planted == {check.name for check in suite.all_checks()} - alike, role


def test_every_check_says_what_it_wants_and_why_and_comes_after_checks_that_there_are():
    for suite in CHECKS.values():
        stated = {check.name: check for check in suite.all_checks()}
        for check in stated.values():
            assert check.wanted.endswith("."), check
            assert len(check.reason) > 20, check
            assert check.reason.endswith("."), check
            # A pool and a task have no inputs of the study's.
            assert {*check.after} <= {*stated, "leaves_inputs_untouched"}, check


def test_every_optional_member_and_trait_is_covered_by_a_check_or_says_why_it_cannot_be():
    for role, protocols in OPTIONAL.items():
        suite = CHECKS["task" if role == "probe" else role]
        offered = {name for of in protocols for name in (methods(of) if not has(of) else [a.name for a in fields(of)])}
        offered |= {f"Chart.{one.name}" for one in fields(Chart)} if role == "reducer" else set()
        offered |= set(methods(Renews)) if role == "evaluator" else set()
        covered = {name for check in suite.all_checks() for name in check.covers}
        unchecked = UNCHECKED.get(role, {})
        assert not covered & {*unchecked}, role
        assert offered - covered == {*unchecked}, role
        assert all(reason.endswith(".") for reason in unchecked.values()), role


def test_a_check_that_would_only_repeat_another_is_not_reached_and_says_so():
    base, body = spilling("reducer", end_the_process)
    broken = wrong(base, **body)
    with pytest.raises(
        NotReachedError, match=r"^Wrong: flat_is_claimed_rightly: not reached, since does_its_work fails"
    ):
        dict(checks_for(broken))["flat_is_claimed_rightly"]()
    with pytest.raises(ContractError) as raised:
        check_component(broken)
    assert str(raised.value) == "Wrong: does_its_work: raised SystemExit: 3"


def test_what_a_component_changes_of_the_process_is_named_with_both_values_and_set_back():
    threads = torch.get_num_threads()
    base, body = spilling("reducer", lambda: torch.set_num_threads(threads + 1) or print("hello"))
    found = violated(wrong(base, **body))
    assert found == {
        ALONE: f"Wrong: {ALONE}: prints 'hello\\n'; changes torch's number of threads from {threads} to {threads + 1}"
    }
    assert torch.get_num_threads() == threads
