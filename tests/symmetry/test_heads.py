"""Heads of attention: found as units, permuted whole, and recovered."""

import numpy as np
import pytest
import torch
from support.arrays import assert_same_arrays
from torch import nn
from torch.nn import functional as F

from globscope.api import PreparedTask, symmetry
from globscope.builtin.aligners import ActivationMatching, WeightMatching
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.models.transformer import transformer, vit
from globscope.builtin.tasks.supervised import Supervised

# Of the largest output: float32 sums in another order differ by less.
SAME = 1e-5


class Pooled(nn.Module):
    """A layer of attention between two linear ones."""

    def __init__(self, attention, width=12):
        super().__init__()
        self.first, self.attention, self.last = nn.Linear(6, width), attention, nn.Linear(width, 10)

    def forward(self, x):
        return self.last(self.attention(self.first(x)).mean(1))


class Own(nn.Module):
    """torch's attention of a sequence to itself."""

    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x):
        return self.inner(x, x, x)[0]


class Fused(nn.Module):
    """Queries, keys and values of one matrix, as vision transformers have them; the order of its axes may differ."""

    def __init__(self, shape, order):
        super().__init__()
        self.shape, self.order = shape, order
        self.qkv, self.out = nn.Linear(12, 36), nn.Linear(12, 12)

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(*x.shape[:2], *self.shape).permute(*self.order).unbind(0)
        mixed = (q @ k.transpose(-2, -1)).softmax(-1) @ v
        return self.out(mixed.transpose(1, 2).flatten(2))


class Grouped(nn.Module):
    """Six query heads, of which each two share a key head, with rotated queries and keys."""

    def __init__(self, shared, turned):
        super().__init__()
        self.q, self.kv, self.out = nn.Linear(12, 12), nn.Linear(12, 12), nn.Linear(12, 12)
        self.shared, self.turned = shared, turned

    def forward(self, x):
        n, t, _ = x.shape
        q = self.q(x).view(n, t, 6, 2).transpose(1, 2)
        k, v = (part.view(n, t, 3, 2).transpose(1, 2) for part in self.kv(x).chunk(2, dim=-1))
        if self.turned:
            angle = torch.arange(t)[:, None] * torch.ones(2)
            q, k = (y * angle.cos() + torch.cat([-y[..., 1:], y[..., :1]], -1) * angle.sin() for y in (q, k))
        if not self.shared:
            k, v = (y[:, :, None].expand(n, 3, 2, t, 2).reshape(n, 6, t, 2) for y in (k, v))
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=self.shared)
        return self.out(mixed.transpose(1, 2).reshape(n, t, 12))


class Biased(Fused):
    """Attention with a slope for each head that is no parameter, so that heads differ."""

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(*x.shape[:2], 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        slopes = torch.arange(3)[:, None, None]
        return self.out((((q @ k.transpose(-2, -1)) - slopes).softmax(-1) @ v).transpose(1, 2).flatten(2))


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


def probe_of(make, shape=(5, 6), tokens=0, outputs=10):
    rng = np.random.default_rng(0)
    x = rng.integers(tokens, size=(8, *shape)) if tokens else rng.normal(size=(8, *shape)).astype(np.float32)
    pair = x, rng.integers(outputs, size=8)
    return Supervised(
        make=make, arrays=Arrays(train=pair, test=pair), loss=F.cross_entropy, device="cpu", vmappable=False
    )


def network(probe, seed=1):
    """Return a network none of whose tensors is all zeros or ones."""
    draw = torch.Generator().manual_seed(seed)
    tensors = probe.initialise(seed)[0]
    return {name: (p + 0.1 * torch.randn(p.shape, generator=draw)).numpy() for name, p in tensors.items()}


def outputs(probe, tensors):
    with torch.no_grad():
        held = {name: torch.from_numpy(array) for name, array in tensors.items()}
        module = probe.traits.module
        return torch.func.functional_call(module, held, probe.inputs(probe.batch("train", torch.arange(8)))).numpy()


LAYERS = {
    "torch's own": Own,
    "fused, by kind": lambda: Fused((3, 3, 4), (2, 0, 3, 1, 4)),
    "fused, by head": lambda: Fused((3, 4, 3), (4, 0, 2, 1, 3)),
    "keys expanded": lambda: Grouped(False, False),
    "keys shared": lambda: Grouped(True, False),
    "keys shared and turned": lambda: Grouped(True, True),
}


@pytest.mark.parametrize("name", LAYERS)
def test_heads_are_permuted_whole_and_change_nothing(name):
    probe = probe_of(lambda: Pooled(LAYERS[name]()))
    found, tensors = symmetry(probe), network(probe)
    [heads] = [group for group in found.groups if group.size == 3]
    moved = found.permute(tensors, {heads.name: np.array([2, 0, 1])})
    assert sum(not np.array_equal(moved[tensor], tensors[tensor]) for tensor in tensors) >= 3
    before = outputs(probe, tensors)
    np.testing.assert_allclose(outputs(probe, moved), before, rtol=0, atol=SAME * np.abs(before).max())


def test_the_blocks_of_a_head_are_rows_of_queries_keys_and_values_and_columns_of_the_output():
    found = symmetry(probe_of(lambda: Pooled(Own())))
    [heads] = [group for group in found.groups if group.size == 3]
    where = {(axis.tensor, axis.axis): axis.index for axis in heads.axes}
    rows = np.arange(36).reshape(3, 3, 4).swapaxes(0, 1).reshape(3, 12)
    assert set(where) == {(f"attention.inner.{name}", axis) for name, axis in [
        ("in_proj_weight", 0), ("in_proj_bias", 0), ("out_proj.weight", 1)
    ]}  # fmt: skip
    np.testing.assert_array_equal(where["attention.inner.in_proj_weight", 0], rows)
    np.testing.assert_array_equal(where["attention.inner.out_proj.weight", 1], np.arange(12).reshape(3, 4))


def test_query_heads_move_with_the_key_head_that_they_share():
    found = symmetry(probe_of(lambda: Pooled(Grouped(True, True))))
    [heads] = [group for group in found.groups if group.size == 3]
    queries = next(axis.index for axis in heads.axes if axis.tensor == "attention.q.weight")
    np.testing.assert_array_equal(queries, np.arange(12).reshape(3, 4))


def test_heads_that_differ_by_more_than_weights_keep_their_order():
    found = symmetry(probe_of(lambda: Pooled(Biased((), ()))))
    assert 3 not in found.sizes.values()


NETWORKS = {
    "vit": (lambda: vit((1, 8, 8), 10, dim=16, depth=2, heads=4), {"shape": (1, 8, 8)}),
    "gpt": (
        lambda: nn.Sequential(transformer((6,), 9, dim=16, depth=2, heads=4), Mean()),
        {"shape": (6,), "tokens": 9, "outputs": 9},
    ),
}


@pytest.mark.parametrize(("name", "aligner"), [("vit", WeightMatching()), ("gpt", ActivationMatching())])
def test_a_planted_permutation_of_heads_is_recovered_exactly(name, aligner):
    make, more = NETWORKS[name]
    probe = probe_of(make, **more)
    a, found = network(probe), symmetry(probe)
    heads = [group.name for group in found.groups if group.size == 4]
    assert len(heads) == 2
    rng = np.random.default_rng(0)
    planted = {name: rng.permutation(4) for name in heads}
    b = found.permute(a, planted)
    back = aligner.align(PreparedTask(probe), a, b, rng)
    assert_same_arrays({name: back[name] for name in heads}, {name: np.argsort(planted[name]) for name in heads})
    assert_same_arrays(found.permute(b, back), a)
