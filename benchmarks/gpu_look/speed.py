"""What the machine reaches, and what GlobScope's training and scoring do on it."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from itertools import product
from statistics import median
from typing import Any

from gpu_look.looking import Built, Clock, Look
from gpu_look.plain import forward_operations, plain_loop


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


# Batch, precision, and whether steps are recorded.
TRAININGS = (
    (128, "float32", False), (128, "float32", True), (128, "bfloat16", True), (512, "bfloat16", False),
    (512, "bfloat16", True),
)  # fmt: skip


def training(look: Look) -> None:
    """Note the training of one network in several ways; the first epoch warms up, the last one saves."""
    from globscope.population.train import fit
    from globscope.population.training_run import TrainingRun
    from globscope.spec.training import Recipe, Train

    steps, epochs = (2, 5) if look.tiny else (25, 6)
    for size, precision, recorded in TRAININGS[:2] if look.tiny else TRAININGS:
        batch = 8 if look.tiny else size
        probe = images(look, batch * steps, 16 if look.tiny else 256).build(look.device)
        operations = 3 * forward_operations(probe) * batch * steps  # a gradient takes twice a forward pass
        recipe = Recipe(batch_size=batch, learning_rate=0.05, weight_decay=5e-4, epochs=epochs)
        train = Train(
            optimiser="sgd", nesterov=True, precision=precision, save_every=epochs, cuda_graphs=recorded
        )  # fmt: skip
        name = f"{precision}, {batch} a step{', recorded' if recorded else ''}"
        folder, clock = look.folder / name, Clock(look, epochs - 2)
        folder.mkdir()
        with look.peak(name):
            fit(TrainingRun(name="A", recipe=recipe, train=train, seed=0), probe, folder, clock)
        seconds = median(clock.epochs[1 : epochs - 2])
        note_rate(look, name, seconds, batch * steps, operations)
        look.note(f"{name}, device idle", f"{1 - look.busy(clock.profile) / seconds:.0%}")


def note_rate(look: Look, name: str, seconds: float, count: int, operations: float) -> None:
    """Note the images and operations a second."""
    look.note(f"{name}, images a second", f"{count / seconds:,.0f}")
    look.note(f"{name}, products", f"{operations / seconds / 1e12:.3g} TFLOP/s")


def curves(look: Look) -> None:
    """Note the training of a curve between two networks, by steps that Python starts and by recorded ones."""
    import numpy as np

    from globscope.builtin.analyses.curves.training import train
    from globscope.builtin.analyses.curves.training_step import Settings
    from globscope.testing.tiny.bench import MemoryDraft

    batch, steps, epochs = (8, 2, 3) if look.tiny else (512, 12, 5)
    probe = images(look, batch * steps, 16).build(look.device)
    fresh = [probe.initialise(seed)[0] for seed in (0, 1)]
    ends = np.stack([probe.layout.flatten({n: p.cpu().numpy() for n, p in one.items()}) for one in fresh])
    for precision, recorded in (("float32", False), ("float32", True), ("bfloat16", False), ("bfloat16", True)):
        settings = Settings(
            shape="Bezier", bends=1, epochs=epochs, learning_rate=0.03, batch_size=batch, weight_decay=5e-4,
            precision=precision, cuda_graphs=recorded,
        )  # fmt: skip
        clock = Clock(look, epochs + 1)
        train(probe, ends, settings, 0, name="A-B", draft=MemoryDraft(), progress=clock)
        seconds = median(clock.epochs[1:])
        name = f"a curve in {precision}, {batch} a step{', recorded' if recorded else ''}"
        note_rate(look, name, seconds, batch * steps, 3 * forward_operations(probe) * batch * steps)


def convolutions(look: Look) -> None:
    """Note what the layers of a ResNet for CIFAR reach alone: few channels keep it from the rate of large products."""
    import torch

    count = 16 if look.tiny else 2000
    for kind, channels_size in product(("float32", "tf32", "bfloat16"), ((16, 32), (32, 16), (64, 8))):
        (channels, size), last = channels_size, kind != "float32"
        torch.backends.cudnn.allow_tf32 = kind == "tf32"
        memory = torch.channels_last if last else torch.contiguous_format
        layer = torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        rows = torch.randn(count, channels, size, size)
        to = {"device": look.device, "dtype": torch.bfloat16 if kind == "bfloat16" else torch.float32}
        layer, rows = layer.to(memory_format=memory, **to), rows.to(memory_format=memory, **to)
        with torch.inference_mode():
            seconds = look.timed(lambda layer=layer, rows=rows: [layer(rows) for _ in range(20)]) / 20
        rate = 2 * 9 * channels**2 * size**2 * count / seconds
        look.note(f"{channels} channels of {size}² in {kind}", f"{rate / 1e12:.3g} TFLOP/s")


# Precision, memory format, method, and where statistics are estimated.
SCORINGS = (
    ("float32", "contiguous", "loop", "separate"), ("float32", "contiguous", "graph", "separate"),
    ("float32", "contiguous", "graph", "fused"), ("tf32", "contiguous", "graph", "separate"),
    ("tf32", "channels-last", "loop", "separate"), ("tf32", "channels-last", "graph", "separate"),
    ("tf32", "channels-last", "graph", "fused"), ("bfloat16", "channels-last", "loop", "separate"),
    ("bfloat16", "channels-last", "graph", "separate"), ("bfloat16", "channels-last", "graph", "fused"),
)  # fmt: skip


def scoring(look: Look) -> None:
    """Note the scoring of decoded networks as in specs/resnet56.toml, beside a plain loop."""
    from globscope.builtin.evaluators.pytorch import Torch
    from globscope.values.evaluation import Networks, Unit

    examples, calibration, count = (16, 8, 2) if look.tiny else (2000, 1000, 12)
    task = Built(images(look, examples, examples), look.device)
    weights = near_a_fresh_network(task.build(look.device), count)
    networks, unit = Networks.of(weights), Unit(start=0, stop=count)
    operations = forward_operations(task.build(look.device))
    seconds = look.timed(plain_loop(look, task.build(look.device), weights[:2], examples, calibration), 1) / 2
    look.note("plain loop in float32, a network", f"{1e3 * seconds:.0f} ms")
    shared = {"device": look.device, "examples": examples, "calibration_examples": calibration}
    for precision, memory, method, statistics in SCORINGS[::4] if look.tiny else SCORINGS:
        evaluator = Torch(precision=precision, memory_format=memory, method=method, calibration=statistics, **shared)
        name = f"{precision}, {memory}, {method}, {statistics}"
        scorer = evaluator.scorer(networks, task, evaluator.plan(networks, task))
        seconds = note_scoring(look, name, lambda scorer=scorer: scorer.score(unit), count)
        passed = 2 * examples + (0 if statistics == "fused" else calibration)
        note_rate(look, name, seconds, passed, operations * passed)


def stacking(look: Look) -> None:
    """Note how small networks are scored: one by one, recorded, and many at once."""
    from attrs import evolve

    from globscope.builtin.evaluators.pytorch import Torch
    from globscope.builtin.tasks.classification import Classification
    from globscope.values.evaluation import Networks, Unit

    examples, count = (16, 4) if look.tiny else (500, 64)
    small = Classification(model="resnet20", model_options={"width": 4}, data="digits-images")
    for label, task in (("MLP 64-256-128-10", Classification(hidden=(256, 128))), ("ResNet-20 of width 4", small)):
        built = Built(task, look.device)
        networks, unit = Networks.of(near_a_fresh_network(built.build(look.device), count)), Unit(start=0, stop=count)
        evaluator = Torch(device=look.device, examples=examples, calibration_examples=examples)
        plan = evaluator.plan(networks, built)
        for method in ("loop", "graph", "vmap"):
            scorer = evaluator.scorer(networks, built, evolve(plan, method=method))
            seconds = look.timed(lambda scorer=scorer, unit=unit: scorer.score(unit)) / count
            name = f"{label}, {examples} examples, {'fused, ' if plan.fused else ''}{method}"
            look.note(f"{name}, a network", f"{1e3 * seconds:.3g} ms")


def maps(look: Look) -> None:
    """Note fits of the autoencoder on the CPU and on the device: to coordinates, and to the weights themselves."""
    import numpy as np

    from globscope.api import FullSpace, Layout, Member, Population, ReducerInputs
    from globscope.builtin.reducers import Autoencoder

    source = np.random.default_rng(0)
    sizes = ((9, 8, 5), (12, 300, 5)) if look.tiny else ((77, 76, 100), (2000, 1999, 20), (35, 855_770, 5))
    for count, width, steps in sizes:
        weights = source.standard_normal((count, width), np.float32)
        layout = Layout(names=("w",), shapes=((width,),))
        members = tuple(Member(variant="A", step=step) for step in range(count))
        population = Population(members=members, weights=weights, layout=layout)
        space = FullSpace(mean=weights.mean(axis=0))
        inputs = ReducerInputs(coordinates=space.coordinates(weights)[0], population=population, space=space)
        for device in dict.fromkeys(("cpu", look.device)):
            reducer = Autoencoder(steps=steps, device=device)
            name = f"autoencoder, {count} networks of {width:,} numbers, {device}"
            with look.peak(name):
                seconds = look.timed(lambda r=reducer, i=inputs: r.reduce(i, np.random.default_rng(0)), 1)
            look.note(f"{name}, a step", f"{1e3 * seconds / steps:.2f} ms")


def near_a_fresh_network(probe: Any, count: int) -> Any:
    """Return (count, D) weights."""
    import numpy as np

    first = {name: one.cpu().numpy() for name, one in probe.initialise(0)[0].items()}
    start = probe.layout.flatten(first)
    return start + 0.01 * np.random.default_rng(0).standard_normal((count, probe.layout.size), np.float32)


def note_scoring(look: Look, name: str, score: Callable[[], Any], count: int) -> float:
    """Note what scoring a network takes once the first ones are scored, and return it in seconds."""
    with look.peak(name):
        seconds = look.timed(score, 2) / count
    with look.profiler() as profile:
        score()
        look.wait()
    look.note(f"{name}, a network", f"{1e3 * seconds:.1f} ms")
    look.note(f"{name}, device idle", f"{1 - look.busy(profile) / count / seconds:.0%}")
    return seconds
