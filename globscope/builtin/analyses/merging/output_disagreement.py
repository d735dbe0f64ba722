"""The disagreement of the outputs of every two networks."""

import numpy as np

from globscope.api import Bench, Population, ReturnsOutputs, capability
from globscope.builtin.analyses.outputs.network_outputs import Outputs
from globscope.builtin.analyses.outputs.pair_similarity import differences, disagreements


def output_disagreement(
    networks: Population, bench: Bench, field: str, examples: int, device: str
) -> np.ndarray | None:
    """Return the (pairs,) disagreements on the split of a field; None where the task's networks have no outputs.

    Where the task has right answers, the share of examples for which the largest outputs differ; else the mean squared
    difference of the outputs over their variance.
    """
    probe = bench.task.build(device)
    if capability(probe, ReturnsOutputs) is None:
        return None
    split = next((name for name in probe.splits if field.startswith(f"{name}_")), probe.splits[0])
    rows = range(len(networks.members))
    outputs = Outputs(split=split, examples=examples, device=device).of_members(bench, networks, rows)
    return disagreements(outputs) if "accuracy" in probe.measures else differences(outputs)
