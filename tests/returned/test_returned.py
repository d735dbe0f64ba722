"""What strangers' components return and raise: checked where it enters, and reported with the distribution."""

from concurrent.futures import CancelledError

import numpy as np
import pytest
from attrs import define, evolve
from support.components import BUILT_IN
from support.study import TINY_TASK

from globscope.api import Chart, Finding, PluginError, Samples, UserCodeError
from globscope.registry import Component, Registry
from globscope.returned.maps import checked_chart, checked_samples
from globscope.returned.numbers import checked_count, real
from globscope.returned.results import checked_fields, checked_permutations, checked_probe, checked_topology
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.testing import ContractError, check_component, registry_of, tiny_inputs
from globscope.testing.tiny.landscapes import bowls, bowls_topology
from globscope.testing.tiny.task import TinyTask

WHO = "part 'x' (stranger 1.0)"
INPUTS = tiny_inputs()
CHART = Chart(space=INPUTS.space, latents=INPUTS.coordinates[:, :2], decode=lambda points: points)


@pytest.fixture
def study(tmp_path):
    """A function that returns a study with components of a stranger's distribution."""

    def made(text, **components):
        path = tmp_path / "study.toml"
        path.write_text(text, "utf-8")
        own = registry_of(tiny=TinyTask, **components).components
        own = tuple(evolve(one, distribution="stranger", version="1.0") for one in own)
        registry = Registry(components=(*BUILT_IN.components, *own))
        return Study(spec=read_spec(path, (), registry), folder=tmp_path / "run", registry=registry)

    return made


# Fault 5: shapes, kinds, real numbers, finite where it must be.


@pytest.mark.parametrize(
    ("axes", "says"),
    [
        (("depth",), "axes are 1 names; 2, one for each latent axis, or none are wanted"),
        (("depth", " "), "axes are ('depth', ' '); names that are not empty are wanted"),
        (("depth", 2), "axes are ('depth', 2); names that are not empty are wanted"),
    ],
)
def test_names_of_axes_that_are_none_are_refused(axes, says):
    with pytest.raises(PluginError) as error:
        checked_chart(WHO, evolve(CHART, axes=axes), 12)
    assert str(error.value) == f"{WHO}: {says}"


@pytest.mark.parametrize(
    ("latents", "says"),
    [
        (np.full((12, 2), 1j), "latents: got complex numbers; real numbers are accepted"),
        (np.full((12, 2), "1"), "latents: got dtype <U1; real numbers are accepted"),
        (np.full((12, 2), None), "latents: got dtype object; real numbers are accepted"),
        (np.full((12, 2), 2**53 + 1), "latents: has integers that float64 cannot hold exactly"),
        (np.ma.masked_equal(np.eye(12, 2), 1), "latents: has masked entries; an array without a mask is accepted"),
        (np.full((12, 2), np.inf), "latents are not finite"),
        (np.zeros((11, 2)), "latents have shape (11, 2); one row for each of the 12 members is wanted"),
    ],
)
def test_latents_that_are_no_real_numbers_are_refused(latents, says):
    masked = isinstance(latents, np.ma.MaskedArray)
    chart = evolve(CHART, latents=CHART.latents)
    object.__setattr__(chart, "latents", latents)  # whatever way they came in
    with pytest.raises(PluginError) as caught:
        checked_chart(WHO, chart, 12)
    assert str(caught.value) == f"{WHO}: {says}", masked


def test_lists_are_accepted_as_arrays():
    chart = checked_chart(WHO, evolve(CHART, latents=[[1, 2]] * 12, centre=[0, 0], extent=[[0, 0], [1, 1]]), 12)
    assert chart.latents.dtype == np.float64
    samples = checked_samples(WHO, Samples(points=[[0, 1]], index=[[0, 0]], shape=[1, 1]), chart)
    assert (samples.points.dtype, samples.index.dtype, samples.shape) == (np.float64, np.int64, (1, 1))
    np.testing.assert_array_equal(checked_fields(WHO, {"train_loss": [1, 2]}, 2)["train_loss"], [1.0, 2.0])
    np.testing.assert_array_equal(checked_permutations(WHO, {"a": [1, 0]})["a"], [1, 0])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"points": np.full((1, 2), 1j)}, "points: got complex numbers; real numbers are accepted"),
        ({"index": np.zeros((1, 2))}, "index: got dtype float64; integers are accepted"),
        ({"index": np.array([[0, 9]])}, "index lies outside the lattice of (2, 2) samples"),
        ({"shape": (2, 0)}, "shape: 0 … 2; values >= 1 are accepted"),
        ({"edges": np.array([[0, 5]])}, "edges: 0 … 5; values >= 0 and < 1 are accepted"),
    ],
)
def test_samples_that_do_not_fit_are_refused(changes, says):
    right = Samples(points=np.zeros((1, 2)), index=np.zeros((1, 2), int), shape=(2, 2))
    with pytest.raises(PluginError) as caught:
        checked_samples(WHO, evolve(right, **changes), CHART)
    assert str(caught.value) == f"{WHO}: {says}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("basin", [0]),
        ("nodes", [999] * 4),
        ("pairs", [[0.5, 1.0], [0.0, 1.0]]),
        ("births", ["a", "b"]),
        ("kinds", ()),
    ],
)
def test_a_tree_that_does_not_fit_its_samples_is_refused(name, value):
    right = bowls_topology()
    assert checked_topology(WHO, right, bowls()) == right
    with pytest.raises(PluginError, match=rf"^part 'x' \(stranger 1.0\): tree\.{name}"):
        checked_topology(WHO, evolve(right, tree=evolve(right.tree, **{name: value})), bowls())


@pytest.mark.parametrize("value", [-1, 1.5, True, "3", None])
def test_a_count_that_is_none_is_refused(value):
    with pytest.raises(PluginError, match=r"an integer >= 0 is accepted$"):
        checked_count(WHO, value)


def test_a_field_keeps_losses_that_are_not_finite_and_no_complex_ones():
    kept = checked_fields(WHO, {"train_loss": [np.nan, np.inf]}, 2)["train_loss"]
    assert np.isnan(kept[0])
    assert kept[1] == np.inf
    with pytest.raises(PluginError, match="complex"):
        checked_fields(WHO, {"train_loss": [1j, 0]}, 2)


def test_a_permutation_that_repeats_a_unit_is_refused():
    with pytest.raises(PluginError, match=r"'a' is not a permutation: every unit must occur once$"):
        checked_permutations(WHO, {"a": [0, 0]})


def test_a_probe_without_its_methods_is_refused():
    with pytest.raises(PluginError, match=r"build returned int, which has no initialise, examples"):
        checked_probe(WHO, 3)


def test_a_ragged_list_is_refused():
    with pytest.raises(PluginError, match=r"list cannot be made an array"):
        real(WHO, [[1, 2], [3]])


@define(frozen=True, kw_only=True)
class Scribbler:
    """Decode by writing into the points."""

    def reduce(self, inputs, rng):
        def decode(points):
            points += 1
            return np.zeros((len(points), inputs.space.rank))

        return Chart(space=inputs.space, latents=np.array(inputs.coordinates[:, :2]), decode=decode)


def test_a_decode_that_writes_into_its_points_is_named_and_nothing_is_changed(study):
    with pytest.raises(PluginError, match=r"^reducer 'scribbler' \(stranger 1.0\) failed: ValueError: .*read-only"):
        study(TINY_TASK + '[[reducer]]\nuse = "scribbler"\n', scribbler=Scribbler).run()


def test_the_contract_kit_finds_a_decode_that_writes_into_its_points():
    with pytest.raises(ContractError, match="writes into the points that it is given"):
        check_component(Scribbler())


def test_landscapes_and_maps_cannot_be_written():
    landscape = bowls()
    for array in (landscape.fields["train_loss"], landscape.samples.points, bowls_topology().tree.basin, CHART.latents):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


# Fault 10: whatever a component raises but Ctrl-C is its failure.

ENDS = {
    "exit": SystemExit(0),
    "generator": GeneratorExit(),
    "cancelled": CancelledError("x"),
    "own": type("Own", (BaseException,), {})("mine"),
}


@define(frozen=True, kw_only=True)
class Quitter:
    """End the process, in one way or another.

    Attributes:
        where: Method in which it does.
        how: What it raises.
    """

    where: str = "reduce"
    how: str = "exit"

    def reduce(self, inputs, rng):
        self._end("reduce")
        return evolve(CHART, space=inputs.space, latents=np.array(inputs.coordinates[:, :2]), decode=self._decode)

    def _decode(self, points):
        self._end("decode")

    def _end(self, where):
        if self.where == where:
            raise ENDS[self.how]


@define(frozen=True, kw_only=True)
class Leaver:
    """End the process where a study is planned or analysed.

    Attributes:
        where: Method in which it does.
    """

    where: str

    def check(self, facts):
        self._end("check")

    def plan(self, maps, variants):
        self._end("plan")
        return "leave"

    def evaluations(self, lattices, maps, variants):
        self._end("evaluations")
        return 0

    def refits(self):
        self._end("refits")
        return 0

    def derive(self, task, population, bench, rng):
        self._end("derive")
        return evolve(population, members=(), weights=np.zeros((0, population.layout.size)), keys=())

    def analyse(self, atlas, bench, rng):
        self._end("analyse")
        return Finding()

    def _end(self, where):
        if self.where == where:
            raise SystemExit(0)


@pytest.mark.parametrize("where", ["reduce", "decode"])
@pytest.mark.parametrize("how", ENDS)
def test_whatever_a_reducer_raises_is_its_failure(how, where, study):
    text = TINY_TASK + f'[[reducer]]\nuse = "quitter"\nhow = "{how}"\nwhere = "{where}"\n'
    with pytest.raises(PluginError, match=r"^reducer 'quitter' \(stranger 1.0\) failed: "):
        study(text, quitter=Quitter).run()


@pytest.mark.parametrize("where", ["check", "plan", "evaluations", "refits"])
def test_a_component_that_ends_the_process_in_a_plan_is_named(where, study):
    text = TINY_TASK + f'[[reducer]]\nuse = "pca"\n[[analysis]]\nuse = "leaver"\nwhere = "{where}"\n'
    with pytest.raises(PluginError, match=r"^analysis 'leaver' \(stranger 1.0\) failed: SystemExit: 0"):
        study(text, leaver=Leaver).estimate()


@pytest.mark.parametrize("where", ["derive", "analyse"])
def test_an_analysis_that_ends_the_process_is_named(where, study):
    text = TINY_TASK + '[[reducer]]\nuse = "pca"\n[[sampler]]\nuse = "grid"\nresolution = 3\n'
    text += f'[[analysis]]\nuse = "leaver"\nwhere = "{where}"\n'
    with pytest.raises(PluginError, match=r"^analysis 'leaver' \(stranger 1.0\) failed: SystemExit: 0"):
        study(text, leaver=Leaver).run()


def test_ctrl_c_in_a_component_stays_ctrl_c(study, monkeypatch):
    monkeypatch.setitem(ENDS, "exit", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        study(TINY_TASK + '[[reducer]]\nuse = "quitter"\n', quitter=Quitter).run()


def test_a_users_model_that_ends_the_process_in_training_is_named(study, tmp_path):
    (tmp_path / "nets.py").write_text(
        "import sys\nfrom torch import nn\nclass Net(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.layer = nn.Linear(64, 10)\n"
        "    def forward(self, x):\n"
        "        if x.shape[0] == 7:\n            sys.exit(0)\n        return self.layer(x.flatten(1))\n"
    )
    text = TINY_TASK.replace('use = "tiny"', 'use = "classification"\nmodel = "nets.py:Net"').replace(
        "learning_rate = 1e-2", "learning_rate = 1e-2\nbatch_size = 7"
    )
    with pytest.raises(UserCodeError, match=r"nets\.py:Net raised SystemExit: 0 \(nets\.py, line 9\)$"):
        study(text + '[[reducer]]\nuse = "pca"\n').run()


def test_a_component_is_named_with_its_distribution():
    assert Component(role="reducer", name="x", cls=int, distribution="d", version="1").label == "reducer 'x' (d 1)"
