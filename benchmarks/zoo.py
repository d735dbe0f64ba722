"""1,000 small networks out of a table by a query: what a study of them costs, from the table to the report.

The zoo is made first: networks 64-16-10 trained on the digits in stacks of 100, each with a seed, a learning rate and a
weight decay of its own. Its table has 1,500 rows, of which a condition takes some 1,000.

    python benchmarks/zoo.py [SCRATCH FOLDER] [NETWORKS]

It prints the last table of docs/results/many-networks.md.
"""

import csv
import sys
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from many_networks import print_costs
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch.nn import functional

WIDTHS, STEPS, STACK, EXAMPLES = (64, 16, 10), 120, 100, 1000
# The condition takes at most so many of the rows.
TAKEN = 1_000
SPEC = """
title = "zoo"
[task]
use = "classification"
hidden = [16]
[population]
table = "zoo.csv"
where = "{where}"
[[reducer]]
use = "pca"
[[reducer]]
use = "autoencoder"
steps = 500
[[sampler]]
use = "grid"
resolution = 21
[evaluator]
use = "torch"
examples = 256
[[analysis]]
use = "figure-relations"
[report]
figure = "learning rate"
"""
NAMES = ("1.weight", "1.bias", "3.weight", "3.bias")


def trained_stack(first: int, images: torch.Tensor, labels: torch.Tensor) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield the figures and tensors of a stack of networks, trained side by side."""
    generator = torch.Generator().manual_seed(first)
    rates = 10 ** (torch.rand(STACK, generator=generator) * 2 - 3)
    decays = 10 ** (torch.rand(STACK, generator=generator) * 3 - 4)
    tensors = [torch.randn(STACK, m, n, generator=generator) * (2 / n) ** 0.5 for n, m in pairwise(WIDTHS)]
    tensors = [t.requires_grad_() for w in tensors for t in (w, torch.zeros(STACK, 1, w.shape[1]))]
    moments = [(torch.zeros_like(t), torch.zeros_like(t)) for t in tensors]
    for step in range(1, STEPS + 1):
        batch = torch.randint(EXAMPLES, (STACK, 64), generator=generator)
        scores = outputs(tensors, images[batch])
        loss = functional.cross_entropy(scores.flatten(0, 1), labels[batch].flatten(), reduction="sum") / 64
        for tensor, (mean, square), slope in zip(tensors, moments, torch.autograd.grad(loss, tensors), strict=True):
            mean.lerp_(slope, 0.1)
            square.lerp_(slope**2, 0.01)
            with torch.no_grad():
                shift = (mean / (1 - 0.9**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-8)
                tensor.sub_(rates[:, None, None] * (shift + decays[:, None, None] * tensor))
    with torch.no_grad():
        held_back = outputs(tensors, images[EXAMPLES:].expand(STACK, -1, -1))
        accuracies = (held_back.argmax(dim=2) == labels[EXAMPLES:]).float().mean(dim=1)
    for row in range(STACK):
        figures = {"seed": first + row, "learning rate": rates[row].item(), "weight decay": decays[row].item()}
        figures |= {"accuracy": round(accuracies[row].item(), 4), "half": "ab"[row % 2]}
        yield (
            figures,
            {n: t[row].detach().reshape(shape_of(n)).contiguous() for n, t in zip(NAMES, tensors, strict=True)},
        )


def outputs(tensors: list[torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """Return the (networks, examples, classes) outputs of a stack."""
    hidden = torch.relu(images @ tensors[0].transpose(1, 2) + tensors[1])
    return hidden @ tensors[2].transpose(1, 2) + tensors[3]


def shape_of(name: str) -> tuple[int, ...]:
    """Return the shape of a network's tensor."""
    inputs, units = WIDTHS[NAMES.index(name) // 2 :][:2]
    return (units, inputs) if name.endswith("weight") else (units,)


def write_zoo(folder: Path, networks: int) -> str:
    """Write networks and their table; return a condition that takes about two thirds of them."""
    digits = load_digits()
    images, labels = torch.tensor(digits.data, dtype=torch.float32) / 16, torch.tensor(digits.target)
    (folder / "nets").mkdir()
    rows = []
    for first in range(0, networks, STACK):
        for figures, tensors in trained_stack(first, images, labels):
            path = f"nets/{figures['seed']:05d}.safetensors"
            save_file(tensors, folder / path)
            rows.append({"path": path, "run": f"n{figures['seed']:05d}", "step": STEPS, **figures})
    with (folder / "zoo.csv").open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    bar = sorted((row["accuracy"] for row in rows), reverse=True)[min(TAKEN, len(rows) - 1)]
    return f"accuracy > {bar}"


def main(scratch: str | None, networks: int) -> None:
    """Make the zoo and measure its study."""
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        folder = Path(made)
        where = write_zoo(folder, networks)
        (folder / "zoo.toml").write_text(SPEC.format(where=where), "utf-8")
        print_costs(folder / "zoo.toml", f"A table of {networks:,} networks, `{where}`")


if __name__ == "__main__":
    scratch, networks = (*sys.argv[1:], *("", "1500")[len(sys.argv) - 1 :])
    main(scratch or None, int(networks))
