"""What computations cost, and what they cost together."""

import json

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from globscope.values.cost import NO_COST, Cost, total
from globscope.values.quantity import duration, memory_size

whole = st.integers(0, 2**40)
costs = st.builds(
    Cost,
    seconds=whole.map(float),
    cpu_seconds=st.none() | whole.map(float),
    peak_memory_bytes=st.none() | whole,
    peak_device_bytes=st.none() | whole,
    peak_is_bound=st.booleans(),
).filter(lambda cost: cost.peak_memory_bytes is not None or not cost.peak_is_bound)


@given(costs, costs, costs)
def test_costs_add_up_in_any_order_and_nothing_adds_nothing(one, two, three):
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + NO_COST == one


def test_times_add_up_and_the_larger_peak_counts():
    small = Cost(seconds=1.0, cpu_seconds=2.0, peak_memory_bytes=10, peak_device_bytes=7)
    large = Cost(seconds=0.5, cpu_seconds=0.25, peak_memory_bytes=20)
    assert small + large == Cost(seconds=1.5, cpu_seconds=2.25, peak_memory_bytes=20, peak_device_bytes=7)


def test_a_sum_with_an_unknown_processor_time_is_unknown():
    assert total(Cost(seconds=1.0, cpu_seconds=1.0), Cost(seconds=1.0)).cpu_seconds is None


def test_a_sum_is_a_bound_if_its_larger_peak_is_one():
    bound, exact = Cost(peak_memory_bytes=2, peak_is_bound=True), Cost(peak_memory_bytes=1)
    assert (bound + exact).peak_is_bound
    assert not (bound + evolve(exact, peak_memory_bytes=3)).peak_is_bound


def test_a_share_has_its_part_of_the_times_and_the_peak_of_all():
    whole = Cost(seconds=3.0, cpu_seconds=6.0, peak_memory_bytes=5)
    assert whole.divide(3) == Cost(seconds=1.0, cpu_seconds=2.0, peak_memory_bytes=5)


@given(costs)
def test_a_record_is_json_and_gives_the_cost_again(cost):
    assert Cost.from_record(json.loads(json.dumps(cost.record))) == cost


def test_a_record_of_an_earlier_version_has_seconds_alone():
    assert Cost.from_record({"seconds": 2.0, "how": {}, "inside": []}) == Cost(seconds=2.0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (duration(0.04), "0.0 s"),
        (duration(119), "119.0 s"),
        (duration(120), "2.0 min"),
        (duration(3 * 86400), "3.0 days"),
        (memory_size(300 * 2**20), "300 MiB"),
        (memory_size(3 * 2**29), "1.50 GiB"),
    ],
)
def test_quantities_have_the_unit_that_a_person_would_use(text, wanted):
    assert text == wanted
