"""Physics-informed networks: what their losses ask is what the equations say."""

from math import pi

import numpy as np
import pytest
import torch
from support.study import MAP, study_in, values
from torch import nn

from globscope.api import NetworkBuffers, UserCodeError
from globscope.builtin.evaluators.scorer import Scorer
from globscope.builtin.tasks.pinn import PinnBurgers, PinnConvection, PinnReaction
from globscope.builtin.tasks.pinn.cole_hopf import burgers_solution
from globscope.builtin.tasks.pinn.equations import Burgers, Convection, Reaction
from globscope.builtin.tasks.pinn.probe import _second_order

MEASURES = ("loss", "error", "residual_loss", "initial_loss", "boundary_loss")
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
    assert set(found) == {f"{split}_{name}" for split in ("train", "test") for name in MEASURES}
    # float32: sin of arguments up to 30 + 2π, and β times the rounding of a slope.
    assert all(value < 1e-4 for value in found.values())


def test_each_term_is_the_mean_that_the_equation_asks_for():
    """sin(x/2 − t) is another wave's, starts otherwise, and does not close on the circle: every term counts."""
    task = PinnConvection(beta=3.0, **TINY)
    x = np.linspace(0, 2 * pi, 12, endpoint=False)
    t = np.linspace(0, 1, 9)
    u, inside = (lambda x, t: np.sin(0.5 * x - t)), task.build("cpu").batch("train", torch.arange(21, 61))[0].numpy()
    terms = {
        "residual": np.mean(((3.0 * 0.5 - 1) * np.cos(0.5 * inside[:, 0] - inside[:, 1])) ** 2),
        "initial": np.mean((u(x, 0) - np.sin(x)) ** 2),
        "boundary": np.mean((u(0, t) - u(2 * pi, t)) ** 2),
    }
    off = {f"{name}_weight": 0.0 for name in terms}
    for name, value in terms.items():
        alone = of_a_function(PinnConvection(beta=3.0, **TINY, **{**off, f"{name}_weight": 2.0}), Wave(0.5, 1.0))
        assert alone["train_loss"] == pytest.approx(2 * value, rel=1e-5)  # float32
        for other, own in terms.items():  # measured whether it is trained or not
            assert alone[f"train_{other}_loss"] == pytest.approx(own, rel=1e-5)
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
    assert set(one) == {f"{split}_{name}" for split in probe.splits for name in MEASURES}
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
[[topology]]
use = "gudhi"
field = "train_residual_loss"
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
        terms = [truth[f"test_{term}_loss"][row] for term in ("residual", "initial", "boundary")]
        assert sum(terms) == pytest.approx(truth["test_loss"][row], rel=1e-5)
        if member.recorded:
            assert member.recorded["test_error"] == pytest.approx(truth["test_error"][row], rel=1e-5)
    assert any(member.recorded for member in who.members)
    assert result.atlas.maps[0].topology.field == "train_residual_loss"
    assert result.atlas.field_of("train_residual_loss").name == "training residual loss"
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


def test_a_loss_without_terms_is_refused():
    with pytest.raises(ValueError, match="residual_weight, initial_weight and boundary_weight are all 0, so nothing"):
        PinnReaction(residual_weight=0, initial_weight=0, boundary_weight=0)


class Plane(nn.Module):
    """The polynomial a x² + b t + c x t in place of a network."""

    def __init__(self):
        super().__init__()
        self.values = nn.Parameter(torch.tensor([0.5, -0.25, 2.0]))

    def forward(self, places):
        x, t = places[:, :1], places[:, 1:]
        return self.values[0] * x**2 + self.values[1] * t + self.values[2] * x * t


def plane(x, t):
    return 0.5 * x**2 - 0.25 * t + 2 * x * t


@pytest.mark.parametrize(
    ("task", "residual"),
    [
        (PinnReaction(rho=3.0, **TINY), lambda x, t: 2 * x - 0.25 - 3 * plane(x, t) * (1 - plane(x, t))),
        (PinnBurgers(viscosity=0.1, **TINY), lambda x, t: 2 * x - 0.25 + plane(x, t) * (x + 2 * t) - 0.1),
    ],
    ids=["reaction", "burgers"],
)
def test_terms_of_a_polynomial_are_what_its_derivatives_give(task, residual):
    probe, found = task.build("cpu"), of_a_function(task, Plane())
    places, targets = (one.double().numpy() for one in every(probe, "test"))
    x, t = places.T
    ends = {
        "reaction": lambda at: plane(0, at) - plane(2 * pi, at),
        "burgers": lambda at: np.stack([plane(-1, at), plane(1, at)]),
    }
    mismatch = ends["burgers" if isinstance(task, PinnBurgers) else "reaction"](np.linspace(0, 1, TINY["grid"][1]))
    start = t == 0
    wanted = {
        "residual_loss": np.mean(residual(x, t) ** 2),
        "initial_loss": np.mean((plane(x, t) - targets[:, 0])[start] ** 2),
        "boundary_loss": np.mean(mismatch**2),
    }
    for name, value in wanted.items():
        assert found[f"test_{name}"] == pytest.approx(value, rel=1e-5)  # float32
    assert found["test_loss"] == pytest.approx(sum(wanted.values()), rel=1e-5)


@pytest.mark.parametrize("equation", [Convection(beta=3.0), Reaction(rho=5.0), Burgers(viscosity=0.05)], ids=repr)
def test_a_solution_has_no_residual_by_differences(equation):
    x, t = np.random.default_rng(0).uniform([equation.ends[0], 0.1], [equation.ends[1], 0.9], (50, 2)).T
    step = 1e-4  # differences err by step² = 1e-8, times third and fourth derivatives up to 1e3, and by 1e-16 / step²
    u = equation.solution
    slope_t = (u(x, t + step) - u(x, t - step)) / (2 * step)
    slope_x = (u(x + step, t) - u(x - step, t)) / (2 * step)
    bend = (u(x + step, t) - 2 * u(x, t) + u(x - step, t)) / step**2
    assert np.abs(equation.residual(u(x, t), slope_t, slope_x, bend)).max() < 1e-4


def test_burgers_solution_starts_as_a_sine_and_steepens_as_published():
    """Basdevant et al. (1986) give the largest slope for ν = 0.01 / π: 152.00516 at t = 1.6037 / π."""
    viscosity, x, step = 0.01 / pi, np.linspace(-1, 1, 101), 1e-7
    np.testing.assert_allclose(burgers_solution(viscosity, x, 0 * x), -np.sin(pi * x), atol=1e-15)
    ends = burgers_solution(viscosity, np.array([-1.0, 1.0]), np.array([0.5, 1.0]))
    np.testing.assert_allclose(ends, 0, atol=1e-14)
    left, right = burgers_solution(viscosity, np.array([-step, step]), np.full(2, 1.6037 / pi))
    assert (left - right) / (2 * step) == pytest.approx(152.00516, abs=1e-4)  # t has five digits


def test_burgers_solution_is_that_of_a_solver_of_differential_equations():
    """The method of lines with central differences, whose error falls with the square of the distance."""
    from scipy.integrate import solve_ivp

    viscosity, errors = 0.05, []
    for cells in (100, 200):
        x = np.linspace(-1, 1, cells + 1)
        h = x[1] - x[0]

        def slope(_, inner, h=h):
            u = np.concatenate([[0.0], inner, [0.0]])
            return -u[1:-1] * (u[2:] - u[:-2]) / (2 * h) + viscosity * (u[2:] - 2 * inner + u[:-2]) / h**2

        found = solve_ivp(slope, (0, 1), -np.sin(pi * x[1:-1]), method="LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
        errors.append(np.abs(found - burgers_solution(viscosity, x[1:-1], np.ones(cells - 1))).max())
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)


def test_second_derivatives_of_a_network_are_those_of_autograd():
    probe = PinnBurgers(**TINY).build("cpu")
    parameters, buffers = probe.initialise(0)
    places, _ = every(probe, "train")
    u, slopes, bend = _second_order(lambda points: probe._answer(parameters, buffers, (points, None)), places)
    for row in (0, 20, 50):

        def value(point):
            return probe._answer(parameters, buffers, (point[None], None))[0, 0]

        torch.testing.assert_close(slopes[row], torch.autograd.functional.jacobian(value, places[row]))
        torch.testing.assert_close(bend[row], torch.autograd.functional.hessian(value, places[row])[0, 0])
        torch.testing.assert_close(u[row, 0], value(places[row]))
