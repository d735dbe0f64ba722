"""What the scoring of networks is set beside: a plain loop, and the operations that it takes."""

from typing import Any

from gpu_look.looking import Look


def forward_operations(probe: Any) -> float:
    """Return the floating-point operations of products in one example's forward pass, as torch counts them."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    parameters, buffers = probe.initialise(0)
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        probe.reduce(parameters, buffers, probe.batch("train", torch.arange(2)))
    return counter.get_total_flops() / 2


def plain_loop(look: Look, probe: Any, weights: Any, examples: int, calibration: int) -> Any:
    """Return what scores networks as anyone would: `load_state_dict`, a `DataLoader`, BatchNorm estimated anew."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    from globscope.api import ProbeTraits, traits

    module = traits(probe, ProbeTraits).module
    data = {
        split: TensorDataset(*(t.cpu() for t in probe.batch(split, torch.arange(examples)))) for split in probe.splits
    }
    loaders = [DataLoader(one, batch_size=500, pin_memory=look.device == "cuda") for one in data.values()]
    first = TensorDataset(*data["train"][:calibration])

    def passes(loader: Any) -> Any:
        total = 0.0
        for images, labels in loader:
            answers = module(images.to(look.device, non_blocking=True))
            total += float(torch.nn.functional.cross_entropy(answers, labels.to(look.device), reduction="sum"))
        return total

    def score() -> None:
        own = {name: value.clone() for name, value in module.state_dict().items()}
        with torch.no_grad():
            for row in weights:
                named = probe.layout.unflatten(row)
                module.load_state_dict({n: torch.from_numpy(v) for n, v in named.items()}, strict=False)
                module.train()
                passes(DataLoader(first, batch_size=500))
                module.eval()
                for loader in loaders:
                    passes(loader)
        module.load_state_dict(own)

    return score
