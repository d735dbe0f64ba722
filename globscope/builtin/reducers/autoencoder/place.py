"""The device on which an autoencoder is trained."""

from typing import Any

from globscope.api import device, free_memory

# Multiplications of a step below which a CPU is as fast as a GPU, which would mostly start kernels.
SMALL = 10**9
# Arrays of the size of the parameters that a fit holds (with gradients, momenta and what a step needs), and of a batch.
COPIES, COPIES_OF_BATCH = 7, 4


def fit_device(wanted: str, network: Any, batch_size: int, straight: int = 0) -> str:
    """Return where to train an autoencoder [encoder, decoder].

    `auto` is the best device, but the CPU where a step is small or the device has too little free memory.

    Args:
        wanted: The device that the options name.
        network: The torch module.
        batch_size: Number of members of a step.
        straight: Numbers that are kept on the device to lift networks, which are scored in every step; 0 where none
            are.

    Raises:
        EvaluationError: This machine has no such device.
    """
    best = device(wanted, "reducer.device")
    return best if wanted != "auto" or _is_worth_it(best, network, batch_size, straight) else "cpu"


def _is_worth_it(best: str, network: Any, batch_size: int, straight: int) -> bool:
    parameters = sum(parameter.numel() for parameter in network.parameters())
    needed = 4 * (COPIES * parameters + COPIES_OF_BATCH * batch_size * next(network.parameters()).shape[1] + straight)
    free = free_memory(best)
    return (straight > 0 or 3 * batch_size * parameters >= SMALL) and (free is None or needed < free)
