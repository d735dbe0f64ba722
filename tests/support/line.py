"""A map of one axis on which three runs end in three wells, and paths between them."""

import numpy as np

from globscope.api import (
    Chart,
    Field,
    FullSpace,
    KnownPath,
    Landscape,
    Layout,
    Map,
    Member,
    Population,
    Samples,
)
from globscope.builtin.topology import Gudhi
from globscope.values.findings import Atlas

LOSS = Field.of("train_loss")
# Three runs that end at 0, 4 and 8 on a line, each in a well; the walls between them are 1 and 2 high.
ENDS = np.array([[0.0], [4.0], [8.0]])
HEIGHTS = np.array([0.01, 0.5, 1.0, 0.5, 0.02, 0.5, 2.0, 0.5, 0.03])


def population(variants=("A", "B", "C")):
    members = tuple(Member(variant=name, step=1) for name in variants)
    return Population(
        members=members, weights=ENDS.astype(np.float32), layout=Layout(names=("w",), shapes=((1,),)), keys=variants
    )


def a_map(name="line", shift=0.0, heights=HEIGHTS, who=None):
    """A map of one axis, whose decoder moves every network by `shift`."""
    who, losses = who or population(), {"train_loss": np.array([0.01, 0.02, 0.03])}
    points = np.arange(9.0)[:, None]
    landscape = Landscape(
        samples=Samples(points=points, index=np.arange(9)[:, None], shape=(9,)),
        fields={"train_loss": heights},
        distance_to_member=np.zeros(9),
        trusted=np.ones(9, bool),
    )
    return Map(
        name=name,
        chart=Chart(space=FullSpace(mean=np.zeros(1)), latents=ENDS, decode=lambda points: points + shift),
        population=who,
        coordinates=ENDS,
        outside=np.zeros(3),
        reconstruction=ENDS + shift,
        truth=losses,
        decoded=losses,
        landscapes={"grid": landscape},
        topologies={"grid": {"gudhi": Gudhi(persistence=0.1).compute(landscape)}},
    )


def atlas_of(*maps, who=None):
    return Atlas(population=who or population(), truth={"train_loss": np.array([0.01, 0.02, 0.03])}, maps=maps)


def line(one, other, worst, **about):
    (path,) = KnownPath.of_values((one, other), LOSS, np.array([0.01, worst, 0.02]), "straight line", **about)
    return path
