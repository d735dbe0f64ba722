"""A folder in which a framework saved one network: the checkpoint file in it, by the names that frameworks give."""

from pathlib import Path

# As peft, transformers, accelerate and diffusers name them; an adapter comes before a network that lies beside it.
NAMES = (
    "adapter_model.safetensors",
    "adapter_model.bin",
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
    "diffusion_pytorch_model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
)


def checkpoint_in(path: Path) -> Path:
    """Return the checkpoint file of a folder that a framework saved; any other path unchanged."""
    if not path.is_dir():  # asked once, since there may be thousands of checkpoints
        return path
    return next((path / name for name in NAMES if (path / name).is_file()), path)
