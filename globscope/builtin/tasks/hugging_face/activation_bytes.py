"""What a forward pass of one example takes, so that a batch of them stays in memory and in a processor's caches."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Copies of the largest activation that are there at once: logits, their softmax, and what lies in between. A CPU then
# scores 64 blocks of 64 tokens at once with a tiny GPT-2; from 16 to 64 it is fastest, and at 512 takes twice as long.
COPIES = 8


@contextmanager
def activation_bytes(module: Any, examples: int) -> Iterator[list[int]]:
    """Yield a list that holds, once a pass of so many examples has been made, the bytes that one takes."""
    from torch.utils._pytree import tree_leaves

    sizes, found = [0], list[int]()

    def measure(_: Any, __: Any, returned: Any) -> None:
        sizes.extend(leaf.nbytes for leaf in tree_leaves(returned) if hasattr(leaf, "nbytes"))

    hooks = [part.register_forward_hook(measure) for part in module.modules()]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()
        found.append(COPIES * max(sizes) // examples)
