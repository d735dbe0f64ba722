"""A base network and LoRA adapters of it, written as peft writes them, without peft."""

import json

import numpy as np
import torch
from safetensors.torch import save_file

NETS = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(64, 12), nn.ReLU())
    return nn.Sequential(first, nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 10))
"""
# The modules that adapters change: a rectangular one, and a square one, of which no shape tells how it is stored.
MODULES = {"0.0": (12, 64), "1": (12, 12)}
SPEC = """
title = "adapters"
[task]
use = "classification"
model = "nets.py:build"
[population]
base = "base"
checkpoints = "adapters/{variant}/checkpoint-{step}"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
"""


def base(folder):
    """Write the network's source and its base; return the base's tensors."""
    (folder / "nets.py").write_text(NETS, "utf-8")
    space = {}
    exec(NETS, space)
    tensors = {name: tensor.clone() for name, tensor in space["build"]().state_dict().items()}
    (folder / "base").mkdir()
    save_file(tensors, folder / "base" / "model.safetensors")
    return tensors


def factors(seed, rank=2, modules=MODULES, size=0.3):
    """Return factors of modules under peft's names."""
    source = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, (out, inner) in modules.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(rank, inner, generator=source) * size
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(out, rank, generator=source) * size
    return tensors


def adapter(folder, tensors, **config):
    """Write an adapter; further options are those of its configuration."""
    folder.mkdir(parents=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2, "lora_alpha": 4, **config}))
    return folder


def population(folder, runs=("A", "B"), steps=(10, 20)):
    """Write a base and some adapters of it; return the base's tensors and the adapters' by run and step."""
    tensors, written = base(folder), {}
    for number, run in enumerate(runs):
        start = factors(10 * number, rank=2 + number)
        for step in steps:
            written[run, step] = {name: tensor * (step / max(steps)) ** 0.5 for name, tensor in start.items()}
            adapter(folder / "adapters" / run / f"checkpoint-{step}", written[run, step])
    return tensors, written


def merged(tensors, adapted, alpha=4):
    """Return the float64 tensors of a base with an adapter whose scale is alpha / rank."""
    whole = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
    for name, down in adapted.items():
        if name.endswith("lora_A.weight"):
            up = adapted[name.replace("lora_A", "lora_B")]
            product = np.asarray(up, np.float64) @ np.asarray(down, np.float64)
            whole[name.removeprefix("base_model.model.").replace("lora_A.", "")] += alpha / len(down) * product
    return whole
