"""A matrix that lies row by row in files reads like an array, and copies only what is asked for."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from globscope.api import Layout, Member, Population
from globscope.isometry import span
from globscope.values.rows import Rows


def rows(count, sizes, seed=0):
    source = np.random.default_rng(seed)
    parts = [[source.normal(size=size).astype(np.float32) for size in sizes] for _ in range(count)]
    return Rows(parts), np.stack([np.concatenate(own) for own in parts])


@given(
    st.integers(1, 5),
    st.lists(st.integers(0, 7), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 0),
    st.data(),
)
def test_every_slice_of_rows_is_that_of_the_array(count, sizes, data):
    held, dense = rows(count, sizes)
    start, stop = data.draw(st.integers(-12, 40)), data.draw(st.integers(-12, 40))
    chosen = data.draw(st.lists(st.integers(0, count - 1), max_size=4))
    np.testing.assert_array_equal(held[:, start:stop], dense[:, start:stop])
    np.testing.assert_array_equal(held[chosen, start:stop], dense[np.array(chosen, int), start:stop])
    np.testing.assert_array_equal(held[-1], dense[-1])
    assert held.shape == dense.shape


def test_a_product_with_coefficients_is_that_of_the_array():
    held, dense = rows(40, (70_000, 1, 90_000))  # several blocks
    shares = np.random.default_rng(1).normal(size=(3, 40)).astype(np.float32)
    found = shares @ held
    assert found.dtype == np.float32
    # A sum of 40 float32 terms in another order.
    np.testing.assert_allclose(found, shares @ dense, atol=40 * 6 * np.finfo(np.float32).eps)


def test_rows_do_what_arrays_do():
    held, dense = rows(4, (3, 5))
    np.testing.assert_array_equal(held - dense, 0)
    np.testing.assert_array_equal(np.abs(held), np.abs(dense))
    np.testing.assert_array_equal(held.mean(axis=0), dense.mean(axis=0))
    np.testing.assert_array_equal(np.concatenate([held, dense]), np.concatenate([dense, dense]))
    np.testing.assert_array_equal(list(held), dense)


def test_rows_are_taken_and_joined_without_a_copy():
    held, dense = rows(4, (3, 5))
    taken = held.take([2, 0])
    assert taken.parts[0] is held.parts[2]
    joined = taken.concatenate(dense)
    np.testing.assert_array_equal(joined, np.concatenate([dense[[2, 0]], dense]))
    assert np.shares_memory(joined.parts[3][1], dense)


def test_rows_refuse_an_array_that_is_no_copy():
    with pytest.raises(ValueError, match="has no array without a copy"):
        np.asarray(rows(2, (3,))[0], copy=False)


def test_a_span_of_rows_is_that_of_the_array():
    held, dense = rows(6, (30, 50))
    one, two = span(held), span(dense)
    np.testing.assert_array_equal(one.members, two.members)
    np.testing.assert_allclose(one.lift(one.members), dense, atol=1e-5)  # float32 sums of weights near 1


def test_a_population_of_rows_joined_with_derived_members_keeps_both():
    held, dense = rows(3, (4, 4))
    layout = Layout(names=("a", "b"), shapes=((4,), (2, 2)))
    who = tuple(Member(variant=name, step=0) for name in "ABC")
    one = Population(members=who, weights=held, layout=layout)
    other = Population(members=(Member(variant="D", step=0, kind="curve"),), weights=dense[:1] + 1, layout=layout)
    both = one.concatenate(other)
    np.testing.assert_array_equal(both.weights, np.concatenate([dense, dense[:1] + 1]))
    np.testing.assert_array_equal(both.take([3, 1]).weights, np.stack([dense[0] + 1, dense[1]]))


def test_files_that_hold_a_network_whole_are_joined_with_files_that_hold_its_tensors():
    held, dense = rows(2, [2, 3])
    whole = Rows([[row] for row in dense])
    np.testing.assert_array_equal(whole.concatenate(held)[:, 1:4], np.concatenate([dense, dense])[:, 1:4])
    np.testing.assert_array_equal(held.concatenate(whole)[2:], dense)
