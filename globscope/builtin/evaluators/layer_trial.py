"""What a model needs to be scored layer by layer, tried out with a fresh network on one example of each split."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Mixtures, Networks, Probe, Rows, Unit, is_out_of_memory, network_parts
from globscope.builtin.evaluators.layered_units import of_parts, quiet_fallbacks
from globscope.builtin.evaluators.score_units import are_alike
from globscope.builtin.evaluators.scorer import Scorer

# Two networks that differ: a fresh one, and the same with larger weights.
SHARES = np.array([[1.0], [1.1]])
BOTH = Unit(start=0, stop=2)


@define(frozen=True)
class LayerTrial:
    """What was found.

    Attributes:
        stacks: Whether networks can be scored under `torch.vmap`, with the scores that each alone gets.
        activations: Bytes of one network's activations for one example.
    """

    stacks: bool
    activations: int


def try_layers(scorer: Scorer, counting: Scorer, seed: int | None) -> LayerTrial:
    """Return what a model needs.

    Args:
        scorer: Scores one example of each split.
        counting: Scores it, with a gradient where one is wanted; its activations are counted.
        seed: Of what scoring draws; None where nothing is drawn.
    """
    from globscope.builtin.evaluators.activations import ActivationMeter

    networks = fresh_networks(scorer.probe, seed)
    parts = network_parts(networks, scorer.device)
    assert parts is not None  # of mixtures
    selectors, own = parts.selectors(BOTH), networks.nearest_buffers(BOTH)
    with quiet_fallbacks(), ActivationMeter() as meter:
        of_parts(counting, parts).score(selectors[:1], own[:1], "layers")
    return LayerTrial(_is_stackable(of_parts(scorer, parts), selectors, own), meter.peak)


def fresh_networks(probe: Probe, seed: int | None) -> Networks:
    """Return two networks made of a fresh one's tensors, without a copy of them."""
    parameters, buffers = probe.initialise(0)
    tensors = [parameters[name].detach().float().cpu().reshape(-1).numpy() for name in probe.layout.names]
    own = {name: buffer.cpu().numpy() for name, buffer in buffers.items()}
    return Networks(
        space=Mixtures(weights=Rows([tensors])), coordinates=SHARES, buffers=[own], nearest=np.zeros(2, int), seed=seed
    )


def _is_stackable(scorer: Scorer, selectors: Any, own: Sequence[Mapping[str, np.ndarray]]) -> bool:
    try:
        with quiet_fallbacks():
            stacked = scorer.score(selectors, own, "layers")
            alone = [scorer.score(selectors[at : at + 1], own[at : at + 1], "layers") for at in range(2)]
    except RuntimeError as error:  # vmap's: it cannot stack this model, or not draw as it does
        if is_out_of_memory(error):
            raise
        return False
    return all(are_alike(stacked[name], np.concatenate([one[name] for one in alone])) for name in stacked)
