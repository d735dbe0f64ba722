"""Networks between fresh ones, to be scored layer by layer, and a space that shows what is read of them."""

import numpy as np
from attrs import define, field

from globscope.api import Networks, Rows, SpanSpace, Unit, span
from globscope.builtin.tasks.language import LanguageModelling
from globscope.values.low_rank import LowRank


def text_task(folder):
    """Return a language model over a text of a few lines."""
    path = folder / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog. " * 12, "utf-8")
    return LanguageModelling(path=path, context=16, model_options={"dim": 8, "depth": 1, "heads": 2})


def members_of(task, count=4):
    """Return the (N, D) weights of fresh networks, and their buffers."""
    probe = task.build("cpu")
    fresh = [probe.initialise(seed) for seed in range(count)]
    buffers = [{name: buffer.numpy() for name, buffer in one[1].items()} for one in fresh]
    return np.stack([probe.layout.flatten(one[0]) for one in fresh]), buffers


def networks_of(task, count=5):
    """Return networks between fresh ones."""
    weights, buffers = members_of(task)
    space = span(weights)
    coordinates = np.random.default_rng(0).normal(size=(count, space.rank)) * space.members.std()
    return Networks(space=space, coordinates=coordinates, buffers=buffers, nearest=np.zeros(count, int))


def fields_of(evaluator, networks, task, width=None):
    """Return what an evaluator gives networks, in its own units or in others."""
    plan = evaluator.plan(networks, task)
    units = (
        plan.units if width is None else tuple(Unit(start=a, stop=a + width) for a in range(0, len(networks), width))
    )
    scorer = evaluator.scorer(networks, task, plan)
    parts = [scorer.score(unit) for unit in units]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def adapted_networks(task, ranks=(2, 3, 1)):
    """Return networks between members whose matrices have few ranks about those of a base, the same, formed, and the
    signs of the axes of the latter."""
    layout, source, (bases, _) = task.build("cpu").layout, np.random.default_rng(0), members_of(task, 1)
    base = [tensor.reshape(-1) for tensor in layout.unflatten(bases[0]).values()]

    def adapted(origin, shape, rank):
        if len(shape) < 2:
            return (origin + source.normal(size=shape) / 9).astype(np.float32)
        up, down = (source.normal(size=size) / 3 for size in ((shape[0], rank), (rank, shape[1])))
        return LowRank(origin=origin, up=up.astype(np.float32), down=down.astype(np.float32))

    rows = Rows(
        [[adapted(*pair, rank) for pair in zip(base, layout.shapes, strict=True)] for rank in ranks], names=layout.names
    )
    spaces = OneTensorAtATime(span(rows)), span(rows[:])
    coordinates = np.random.default_rng(1).normal(size=(5, spaces[1].rank))
    # The axes of two spans may point the other way.
    signs = np.sign((spaces[0].span.members * spaces[1].members).sum(axis=0))
    points = coordinates, coordinates * signs
    return [Networks(space=space, coordinates=at) for space, at in zip(spaces, points, strict=True)], signs


@define
class OneTensorAtATime:
    """A span that lifts no network, and keeps how many columns were read at once.

    Attributes:
        span: What it is otherwise.
        widths: The columns of each reading.
    """

    span: SpanSpace
    widths: list[int] = field(factory=list)

    @property
    def rank(self):
        """The number of coordinates."""
        return self.span.rank

    def lift(self, coordinates):
        """Refuse."""
        raise AssertionError("a whole network is formed")

    def shares(self, coordinates):
        """Return the shares of the span's parts."""
        return self.span.shares(coordinates)

    def parts(self, block):
        """Return some columns of the span's parts."""
        self.widths.append(block.stop - block.start)
        return self.span.parts(block)

    def factors(self, name):
        """Return how a tensor depends on the shares."""
        return self.span.factors(name)

    def pullback_shares(self, gradients):
        """Return gradients with respect to coordinates."""
        return self.span.pullback_shares(gradients)

    def pullback(self, gradients):
        """Refuse."""
        raise AssertionError("a gradient by all weights is formed")
