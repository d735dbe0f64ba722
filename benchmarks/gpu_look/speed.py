"""What the machine reaches, and what GlobScope's training and scoring do on it."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from statistics import median
from typing import Any

from gpu_look.looking import Built, Clock, Look
from gpu_look.plain import forward_operations, plain_loop

# By Python network after network, and by the record of the first one.
WAYS = ("loop", "graph")


def machine(look: Look) -> None:
    import torch

    look.note("python, torch", f"{sys.version.split()[0]}, {torch.__version__}")
    if look.device == "cuda":
        card = torch.cuda.get_device_properties(0)
        look.note("card", f"{card.name}, {card.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}")
    absent = [name for name in ("umap", "gudhi", "pytest") if find_spec(name) is None]
    look.note("not there", ", ".join(absent) or "nothing")
    size = 256 if look.tiny else 8192
    a, b = (torch.randn(size, size, device=look.device) for _ in range(2))
    for name, kind, precision in (("float32", None, "highest"), ("tf32", None, "high"), ("bfloat16", "bfloat16", None)):
        torch.set_float32_matmul_precision(precision or "highest")
        x, y = (one.to(getattr(torch, kind)) if kind else one for one in (a, b))
        seconds = look.timed(lambda x=x, y=y: x @ y)
        look.note(f"product of {size}² in {name}", f"{2 * size**3 / seconds / 1e12:.3g} TFLOP/s")
    block = torch.empty(2**20 if look.tiny else 2**28, device=look.device)
    other = torch.empty_like(block)
    seconds = look.timed(lambda: other.copy_(block))
    look.note("copy on the device", f"{2 * block.nbytes / seconds / 1e9:,.0f} GB/s read and written")


def images(look: Look, train: int, test: int) -> Any:
    """Return the task: images of random bytes, and the paper's network, or a small one."""
    import numpy as np

    from globscope.builtin.tasks.classification import Classification

    source, arrays = np.random.default_rng(0), {}
    for split, count in (("train", train), ("test", test)):
        arrays[f"x_{split}"] = source.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
        arrays[f"y_{split}"] = np.arange(count) % 10
    np.savez(look.folder / "images.npz", **arrays)
    small = {"model": "resnet20", "model_options": {"width": 4}}
    model = small if look.tiny else {"model": "resnet56"}
    path = look.folder / "images.npz"
    return Classification(data="files", path=path, normalise="channel", augment="crop-flip", **model)


def training(look: Look) -> None:
    """Note the training of one network, in two precisions; the first epoch warms up, the last one saves."""
    from globscope.population.train import fit
    from globscope.population.training_run import TrainingRun
    from globscope.spec.model import Recipe, Train

    batch, steps, epochs = (8, 2, 5) if look.tiny else (128, 25, 6)
    probe = images(look, batch * steps, 16 if look.tiny else 256).build(look.device)
    recipe = Recipe(batch_size=batch, learning_rate=0.05, weight_decay=5e-4, epochs=epochs)
    for precision in ("float32", "bfloat16"):
        train = Train(optimiser="sgd", nesterov=True, precision=precision, save_every=epochs)
        folder, clock = look.folder / precision, Clock(look, epochs - 2)
        folder.mkdir()
        look.forget()
        fit(TrainingRun(name="A", recipe=recipe, train=train, seed=0), probe, folder, clock)
        seconds = median(clock.epochs[1 : epochs - 2])
        busy = look.busy(clock.profile)
        look.note(f"{precision}, a step of {batch}", f"{1e3 * seconds / steps:.1f} ms")
        look.note(f"{precision}, images a second", f"{batch * steps / seconds:,.0f}")
        look.note(f"{precision}, device idle", f"{1 - busy / seconds:.0%}")
        look.note(f"{precision}, peak memory", look.peak())


def scoring(look: Look) -> None:
    """Note the scoring of decoded networks as in specs/resnet56.toml, in every precision, format and way."""
    import numpy as np

    from globscope.builtin.evaluators.pytorch import Torch
    from globscope.testing import score_units
    from globscope.values.evaluation import Networks

    examples, calibration, count = (16, 8, 2) if look.tiny else (2000, 1000, 12)
    task = Built(images(look, examples, examples), look.device)
    layout, first = task.build(look.device).layout, task.build(look.device).initialise(0)[0]
    start = layout.flatten({name: one.cpu().numpy() for name, one in first.items()})
    weights = start + 0.01 * np.random.default_rng(0).standard_normal((count, layout.size), np.float32)
    operations = forward_operations(task.build(look.device)) * (2 * examples + calibration)
    seconds = look.timed(plain_loop(look, task.build(look.device), weights[:2], examples, calibration), 1) / 2
    look.note("plain loop in float32, a network", f"{1e3 * seconds:.0f} ms")
    shared = {"device": look.device, "examples": examples, "calibration_examples": calibration}
    for precision, memory, method in product(("float32", "tf32", "bfloat16"), ("contiguous", "channels-last"), WAYS):
        evaluator = Torch(precision=precision, memory_format=memory, method=method, **shared)
        name = f"{precision}, {memory}, {method}"
        seconds = note_scoring(look, name, lambda rows, e=evaluator: score_units(e, Networks.of(rows), task), weights)
        look.note(f"{name}, images a second", f"{(2 * examples + calibration) / seconds:,.0f}")
        look.note(f"{name}, products", f"{operations / seconds / 1e12:.3g} TFLOP/s")


def note_scoring(look: Look, name: str, score: Callable[[Any], Any], weights: Any) -> float:
    """Note what scoring a network takes, and return it in seconds."""
    look.forget()
    seconds = look.timed(lambda: score(weights), 2) / len(weights)
    with look.profiler() as profile:
        score(weights)
        look.wait()
    look.note(f"{name}, a network", f"{1e3 * seconds:.0f} ms")
    look.note(f"{name}, device idle", f"{1 - look.busy(profile) / len(weights) / seconds:.0%}")
    look.note(f"{name}, peak memory", look.peak())
    return seconds
