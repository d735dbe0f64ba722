"""Terms of the autoencoder in other people's code: what they see, what they may return, and what a spec names."""

from textwrap import dedent

import numpy as np
import pytest
import torch
from support.reduction import inputs, reduce

from globscope.api import CheckFacts, Code, UserCodeError
from globscope.builtin.reducers import Autoencoder
from globscope.builtin.reducers.autoencoder.terms import Term
from globscope.store import key
from globscope.testing import tiny_inputs, tiny_task

SMALL = {"hidden": (32, 16), "steps": 60}
CODE = """
import torch

SEEN = []


def small_latents(fit, *, power=2.0):
    SEEN.append(fit)
    return fit.encode(fit.points).abs().pow(power).mean()


def loss_at_members(fit):
    return fit.losses(fit.decode(fit.encode(fit.points[:3])), [0, 1, 2]).mean()


def at_random(fit):
    return small_latents(fit) * fit.rng.random()


def shifted(fit):
    return 3 * small_latents(fit)


def without_gradient(fit):
    return torch.ones(())


def per_member(fit):
    return fit.encode(fit.points).sum(dim=1)


def broken(fit):
    return fit.latents


def growing(fit):
    return small_latents(fit) * float("inf")


NUMBER = 3
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    file = tmp_path_factory.mktemp("terms") / "my_terms.py"
    file.write_text(CODE, "utf-8")
    return lambda name, weight=0.1, **options: Term(use=Code(str(file), name), weight=weight, options=options)


def fit_with(*terms, given=None, **options):
    return reduce(Autoencoder(**SMALL | options, terms=terms), given or inputs())


def test_a_term_changes_the_map_in_the_direction_of_its_weight(code):
    sizes = [np.abs(fit_with(code("small_latents", weight), stress=0.0).latents).mean() for weight in (1e-6, 1.0)]
    assert sizes[1] < 0.5 * sizes[0]


def test_a_term_sees_all_members_in_units_of_their_scale(code):
    given, term = inputs(), code("small_latents")
    fit_with(term, given=given)
    fit = Code(term.use.module, "SEEN").load()[-1]
    assert [member.variant for member in fit.members] == [member.variant for member in given.members]
    assert np.allclose(fit.scale * fit.points.numpy(), given.coordinates, atol=1e-5)
    assert float(fit.points.square().mean()) == pytest.approx(1, rel=1e-5)
    assert fit.decode(fit.encode(fit.points)).shape == given.coordinates.shape


def test_a_term_scores_networks_and_is_differentiated_through_them(code):
    given = tiny_inputs()
    charts = [fit_with(*terms, given=given) for terms in ((), (code("loss_at_members"),), (code("loss_at_members"),))]
    assert not np.array_equal(charts[0].latents, charts[1].latents)
    assert np.array_equal(charts[1].latents, charts[2].latents)


def test_the_seed_decides_what_a_term_draws(code):
    one, two, other = (reduce(Autoencoder(**SMALL, terms=(code("at_random"),)), inputs(), seed) for seed in (0, 0, 1))
    assert np.array_equal(one.latents, two.latents)
    assert not np.array_equal(one.latents, other.latents)


def test_weights_and_options_reach_the_function_and_terms_add_up(code):
    twice, once = fit_with(code("small_latents"), code("small_latents")), fit_with(code("small_latents", 0.2))
    assert np.allclose(twice.latents, once.latents, atol=1e-3)  # sums of float32 in another order
    assert not np.array_equal(
        fit_with(code("small_latents", power=4.0)).latents, fit_with(code("small_latents")).latents
    )


@pytest.mark.parametrize(
    ("name", "got"), [("without_gradient", "Tensor of shape ()"), ("per_member", "Tensor of shape (24,)")]
)
def test_a_value_that_cannot_be_added_is_refused_with_the_place_of_its_term(code, name, got):
    with pytest.raises(UserCodeError) as error:
        fit_with(code("small_latents"), code(name))
    assert str(error.value).startswith("reducer.terms.1: ")
    assert str(error.value).endswith(f"my_terms.py:{name} must return a scalar tensor with a gradient, got {got}")


def test_a_function_that_fails_is_named_with_its_line(code):
    with pytest.raises(
        UserCodeError, match=r"^reducer\.terms\.0: .*:broken raised AttributeError: .*my_terms.py, line "
    ):
        fit_with(code("broken"))


def test_a_term_that_is_not_finite_ends_the_fit(code):
    with pytest.raises(
        Exception, match=r"no longer finite at step 50; lower its learning_rate, 0.05, or leave out terms$"
    ):
        fit_with(code("growing"))


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("small_latent", {}, r"^reducer\.terms\.0\.use: .* has no 'small_latent'; did you mean 'small_latents'\?"),
        ("NUMBER", {}, r"^reducer\.terms\.0\.use: .*:NUMBER cannot be called: it is of type int"),
        ("small_latents", {"pover": 3}, r"^reducer\.terms\.0: .*\(fit, \*, power=2\.0\): got an unexpected .*'pover'"),
    ],
)
def test_a_term_that_cannot_be_called_is_refused_before_anything_long(code, name, options, text):
    with pytest.raises(UserCodeError, match=text):
        Autoencoder(terms=(code(name, **options),)).check(CheckFacts(probe=tiny_task().build("cpu")))


def test_a_loss_that_the_task_does_not_measure_is_refused_with_the_term(code):
    probe = tiny_task().build("cpu")
    probe.measures = ("accuracy",)
    from attrs import evolve

    from globscope.api import PreparedTask

    given = evolve(tiny_inputs(), task=lambda: PreparedTask(probe))
    with pytest.raises(UserCodeError, match=r"reducer\.terms\.0: .*the task measures no 'loss' \(accuracy\)"):
        fit_with(code("loss_at_members"), given=given)


def test_without_terms_the_key_is_as_before_and_the_code_of_terms_is_part_of_it(code, tmp_path):
    before = key(Autoencoder(**SMALL))
    assert key(Autoencoder(**SMALL, terms=())) == before
    assert key(Autoencoder(**SMALL, terms=(code("small_latents"),))) != before
    file = tmp_path / "terms.py"

    def key_of(text):
        file.write_text(dedent(text), "utf-8")
        return key(Autoencoder(**SMALL, terms=(Term(use=Code(str(file), "term"), weight=0.1),)))

    assert key_of("term = abs") != key_of("term = max")


def test_no_trial_tells_the_time_of_terms(code):
    assert Autoencoder(terms=(code("small_latents"),)).trial(10) is None
    assert torch.is_grad_enabled()
