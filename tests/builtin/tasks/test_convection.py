"""The physics-informed network: what its loss asks is what the equation says."""

from math import pi

import numpy as np
import pytest
import torch
from support.study import MAP, study_in, values
from torch import nn

from globscope.api import NetworkBuffers, UserCodeError
from globscope.builtin.evaluators.scorer import Scorer
from globscope.builtin.tasks.convection import PinnConvection

TINY = {"hidden": (8, 8), "grid": (12, 9), "collocation": 40}


class Wave(nn.Module):
    """The function sin(a x − b t), in place of a network."""

    def __init__(self, a, b):
        super().__init__()
        self.values = nn.Parameter(torch.tensor([a, b]))

    def forward(self, places):
        return torch.sin(self.values[0] * places[:, :1] - self.values[1] * places[:, 1:])


def every(probe, split):
    return probe.batch(split, torch.arange(probe.examples(split)))


def of_a_function(task, function):
    """Return the task's train and test measures of a function in place of its network."""
    probe = task.build("cpu")
    probe._module = function
    parameters = {name: p.detach() for name, p in function.named_parameters()}
    found = {}
    for split in probe.splits:
        for name, (total, weight) in probe.reduce(parameters, {}, every(probe, split)).items():
            found[f"{split}_{name}"] = (float(total) / weight) ** (0.5 if name in probe.traits.roots else 1)
    return found


@pytest.mark.parametrize("beta", [0.0, 1.0, 30.0])
def test_the_exact_solution_has_no_loss_and_no_error(beta):
    found = of_a_function(PinnConvection(beta=beta, **TINY), Wave(1.0, beta))
    assert set(found) == {"train_loss", "test_loss", "train_error", "test_error"}
    # float32: sin of arguments up to 30 + 2π, and β times the rounding of a slope.
    assert all(value < 1e-4 for value in found.values())


def test_each_term_is_the_mean_that_the_equation_asks_for():
    """sin(x/2 − t) is another wave's, starts otherwise, and does not close on the circle: every term counts."""
    task = PinnConvection(beta=3.0, **TINY)
    x = np.linspace(0, 2 * pi, 12, endpoint=False)
    t = np.linspace(0, 1, 9)
    u, inside = (lambda x, t: np.sin(0.5 * x - t)), task.build("cpu").batch("train", torch.arange(21, 61))[0].numpy()
    terms = {
        "residual_weight": np.mean(((3.0 * 0.5 - 1) * np.cos(0.5 * inside[:, 0] - inside[:, 1])) ** 2),
        "initial_weight": np.mean((u(x, 0) - np.sin(x)) ** 2),
        "boundary_weight": np.mean((u(0, t) - u(2 * pi, t)) ** 2),
    }
    off = dict.fromkeys(terms, 0.0)
    for name, value in terms.items():
        alone = of_a_function(PinnConvection(beta=3.0, **TINY, **{**off, name: 2.0}), Wave(0.5, 1.0))
        assert alone["train_loss"] == pytest.approx(2 * value, rel=1e-5)  # float32
    together = of_a_function(task, Wave(0.5, 1.0))
    assert together["train_loss"] == pytest.approx(sum(terms.values()), rel=1e-5)
    places = np.stack(np.meshgrid(x, t), axis=-1).reshape(-1, 2).T
    exact = np.sin(places[0] - 3.0 * places[1])
    error = np.linalg.norm(u(*places) - exact) / np.linalg.norm(exact)
    assert together["test_error"] == pytest.approx(error, rel=1e-5)


def test_training_points_are_the_grids_and_collocation_is_drawn_inside():
    probe = PinnConvection(**TINY).build("cpu")
    places, targets = every(probe, "train")
    assert (len(places), probe.examples("test")) == (12 + 9 + 40, 12 * 9)
    inside = places[targets[:, 3] > 0]
    assert len(inside) == len(inside.unique(dim=0)) == 40
    assert (inside > 0).all()
    other = PinnConvection(**TINY, point_seed=1).build("cpu")
    assert probe.digest() != other.digest()


@pytest.fixture(scope="module")
def exactly():
    """A probe, a network of it in float64 as one vector, and its training loss of such a vector."""
    probe = PinnConvection(beta=2.0, **TINY).build("cpu")
    parameters, buffers = probe.initialise(0)
    vector = torch.cat([parameters[name].flatten() for name in probe.layout.names]).double()
    batch = every(probe, "train")

    def loss(weights):
        return probe.objective(probe.layout.unflatten(weights), buffers, batch, training=False)

    return vector, loss


def test_gradients_and_hessian_products_agree_with_differences_in_float64(exactly):
    vector, loss = exactly
    direction = torch.randn(len(vector), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    gradient = torch.autograd.functional.jacobian(loss, vector)
    product = torch.autograd.functional.hvp(loss, vector, direction)[1]
    ahead, behind = ((loss(vector + step * direction)) for step in (1e-5, -1e-5))
    # Central differences err by step² = 1e-10, times third derivatives, and by rounding, 1e-16 / step.
    assert float(gradient @ direction) == pytest.approx(float(ahead - behind) / 2e-5, rel=1e-6)
    slopes = [torch.autograd.functional.jacobian(loss, vector + step * direction) for step in (1e-5, -1e-5)]
    torch.testing.assert_close(product, (slopes[0] - slopes[1]) / 2e-5, rtol=1e-5, atol=1e-6)


def test_torch_funcs_hessian_is_autograds(exactly):
    vector, loss = exactly
    direction = torch.ones_like(vector)
    nested = torch.func.vjp(torch.func.grad(loss), vector)[1](direction)[0]  # a Hessian is its own transpose
    torch.testing.assert_close(nested, torch.autograd.functional.hvp(loss, vector, direction)[1])  # float64's default


def test_stacked_networks_score_the_same_root_of_the_mean():
    probe = PinnConvection(**TINY).build("cpu")
    batches = {split: [every(probe, split)] for split in probe.splits}
    scorer = Scorer(probe, batches, NetworkBuffers(probe), "cpu", "float32")
    stacked = torch.stack([torch.cat([p.flatten() for p in probe.initialise(seed)[0].values()]) for seed in (0, 1)])
    one, other = (scorer.score(stacked, [{}, {}], method) for method in ("loop", "vmap"))
    assert sorted(one) == ["test_error", "test_loss", "train_error", "train_loss"]
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-5)  # float32 sums, grouped otherwise


STUDY = f"""
[task]
use = "pinn-convection"
hidden = [8, 8]
grid = [12, 9]
collocation = 40
[population.train]
optimiser = "adam"
epochs = 60
save_every = 20
[[population.variant]]
name = "A"
batch_size = 61
learning_rate = 1e-2
[[population.variant]]
name = "B"
batch_size = 61
learning_rate = 2e-2
{MAP}
[evaluator]
use = "torch"
"""


def test_a_study_trains_it_on_all_points_and_scores_what_the_equation_says(tmp_path):
    result = values(study_in(tmp_path, STUDY))
    truth, who = result.atlas.truth, result.atlas.population
    probe = PinnConvection(**TINY).build("cpu")
    for row, member in enumerate(who.members):
        parameters = {name: torch.from_numpy(np.array(tensor)) for name, tensor in who.tensors(row).items()}
        loss = probe.objective(parameters, {}, every(probe, "test"), training=False)
        assert truth["test_loss"][row] == pytest.approx(float(loss), rel=1e-5)  # float32 sums, grouped otherwise
        places, targets = every(probe, "test")
        missed = probe.outputs(parameters, {}, (places, targets))[:, 0] - targets[:, 0]
        assert truth["test_error"][row] == pytest.approx(float(missed.norm() / targets[:, 0].norm()), rel=1e-5)
        if member.recorded:
            assert member.recorded["test_error"] == pytest.approx(truth["test_error"][row], rel=1e-5)
    assert any(member.recorded for member in who.members)
    for variant in who.variants:
        rows = who.of(variant)
        assert truth["train_loss"][rows[-1]] < truth["train_loss"][rows[0]]
        assert truth["test_error"][rows[-1]] < truth["test_error"][rows[0]]


def test_more_collocation_points_than_the_grid_has_inside_are_refused():
    with pytest.raises(UserCodeError) as caught:
        PinnConvection(grid=(4, 4), collocation=10).build("cpu")
    assert str(caught.value) == (
        "task.collocation: 10 of the 9 points inside task.grid = (4, 4); take a finer grid or fewer points"
    )
