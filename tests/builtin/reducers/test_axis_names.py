"""Axes are called by what they are; maps that are learned have no names for theirs."""

import numpy as np
import pytest
from support.reduction import inputs, reduce

from globscope.builtin.reducers import Hull, KernelPca, Line, Pca, Plane, Random, Span, TrajectoryPca
from globscope.builtin.reducers.principal_axes import principal_axes

GIVEN = inputs()
A, B, C = (GIVEN.members[GIVEN.population.of(name)[-1]].label for name in GIVEN.population.variants)


@pytest.mark.parametrize(
    ("reducer", "names"),
    [
        (Line(), (f"direction {A} → {B}",)),
        (Plane(), (f"direction {A} → {B}", f"towards {C}, across {A} → {B}")),
        (Random(normalisation="none"), ("random direction 1", "random direction 2")),
        (Hull(), ("barycentric axis 1 of 3 networks", "barycentric axis 2 of 3 networks")),
        (KernelPca(), ("latent 1", "latent 2")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_axis_is_called_by_what_it_is(reducer, names):
    assert reduce(reducer, GIVEN).axis_names == names


@pytest.mark.parametrize("reducer", [Pca(latent_dim=3), Span()], ids=["pca", "span"])
def test_a_principal_axis_is_called_by_its_share_of_the_members_variance(reducer):
    chart = reduce(reducer, GIVEN)
    spread = chart.latents.var(axis=0) / GIVEN.coordinates.var(axis=0).sum()
    assert chart.axis_names == tuple(principal_axes(spread))
    assert principal_axes(np.array([0.6349])) == ["principal axis 1, 63.5 % of variance"]


def test_a_principal_axis_of_a_run_has_the_share_of_its_squared_distances():
    chart = reduce(TrajectoryPca(variant="B"), GIVEN)
    shares = [float(name.split(", ")[1].removesuffix(" %")) for name in chart.axis_names]
    assert [name.split(",")[0] for name in chart.axis_names] == [f"principal axis {k} of run B" for k in (1, 2)]
    assert sum(shares) == pytest.approx(100 * chart.notes["explained_variance"], abs=0.1)  # both are rounded


def test_the_line_of_two_networks_is_the_direction_in_which_its_numbers_rise():
    chart = reduce(Hull(of=("A", "B")), GIVEN)
    (name,) = chart.axis_names
    low, high = name.removeprefix("direction ").split(" → ")
    place = {member.label: chart.latents[row, 0] for row, member in enumerate(GIVEN.members)}
    assert place[low] < place[high]
    assert {low, high} == {A, B}
