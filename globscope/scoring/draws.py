"""Scoring that draws random numbers, as for a variational autoencoder, active dropout, or a diffusion model."""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from globscope.errors import EvaluationError
from globscope.roles import Probe, ProbeTraits, Tensors, traits
from globscope.values.number import number

STANDARD_ERROR = "_standard_error"
"""The end of the name of a field that holds the standard error of another field's mean over several draws."""
REPEATS = 8
"""How many evaluations of a network the standard deviation of its draws is estimated from."""
# How many examples the trial uses.
FEW = 4


def scores(fields: Iterable[str]) -> list[str]:
    """Return the names of fields that are scores, without the standard errors of scores."""
    return [name for name in fields if not name.endswith(STANDARD_ERROR)]


def seed_of(seed: int, *places: int) -> int:
    """Return the seed of one place, such as a split, a batch and a repeat, given the seed of the whole."""
    return int(np.random.SeedSequence([seed, *places]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def device_of(tensors: Tensors) -> str:
    """Return the device that tensors lie on."""
    return str(next(iter(tensors.values())).device)


@contextmanager
def fixed_seed(seed: int | None, device: str) -> Iterator[None]:
    """Seed the global generators of torch, numpy and Python inside, and restore their states afterwards.

    Args:
        seed: Equal seeds give equal numbers on one device; None leaves the generators alone.
        device: The device whose generator is seeded beside the CPU's, such as `cuda:0`.
    """
    if seed is None:
        yield
        return
    before = _states(device)
    try:
        for generator in _generators(device):
            generator.manual_seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - a user's loss may draw from it
        random.seed(seed)
        yield
    finally:
        for generator, state in zip(_generators(device), before[0], strict=True):
            generator.set_state(state)
        np.random.set_state(before[1])  # noqa: NPY002
        random.setstate(before[2])


def draws(probe: Probe, device: str) -> bool:
    """Return whether scoring a network draws from a global generator, tried on a few examples with a fresh network.

    Raises:
        EvaluationError: Its draws, or its dependence on earlier scores, cannot be repeated with a seed.
    """
    with fixed_seed(0, device):
        before = _states(device)
        first = _scores(probe)
        moved = not _are_equal(before, _states(device))
    with fixed_seed(0, device):
        again = _scores(probe)
    for field, value in first.items():
        if not np.isclose(value, again[field], rtol=1e-4, atol=0, equal_nan=True):
            raise EvaluationError(
                f"the task gives one network two values of {field}, {number(value, 6)} and then "
                f"{number(again[field], 6)}, though torch, numpy and random draw the same numbers: "
                "let it keep no state between calls, and draw from a global generator, which is seeded for every batch"
            )
    return moved


def _scores(probe: Probe) -> dict[str, float]:
    """Return a fresh network's sums over a few examples of every split."""
    import torch

    parameters, buffers = probe.initialise(0)
    whole = traits(probe, ProbeTraits).whole
    sums = [name for name in probe.measures if name not in whole]
    scores_by_field: dict[str, float] = {}
    with torch.inference_mode(not probe.grad_inside):
        for split in probe.splits:
            batch = probe.batch(split, torch.arange(min(FEW, probe.examples(split))))
            parts = probe.reduce(parameters, buffers, batch)
            scores_by_field |= {f"{split}_{name}": float(parts[name][0].detach()) for name in sums}
    return scores_by_field


def _generators(device: str) -> list[Any]:
    """Return torch's global generators of the CPU and of a device."""
    import torch

    kind, _, number = device.partition(":")
    if kind == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call]
        card = int(number) if number else torch.cuda.current_device()
        return [torch.default_generator, torch.cuda.default_generators[card]]
    return [torch.default_generator, *([torch.mps._get_default_mps_generator()] if kind == "mps" else [])]


def _states(device: str) -> tuple[list[Any], Any, Any]:
    states = [generator.get_state() for generator in _generators(device)]
    return states, np.random.get_state(), random.getstate()  # noqa: NPY002


def _are_equal(first: tuple[list[Any], Any, Any], second: tuple[list[Any], Any, Any]) -> bool:
    torch_alike = all(a.equal(b) for a, b in zip(first[0], second[0], strict=True))
    numpy_alike = np.array_equal(first[1][1], second[1][1]) and first[1][2:] == second[1][2:]
    return torch_alike and numpy_alike and first[2] == second[2]
