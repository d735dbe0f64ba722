"""The same planes, eigenvalues and alignments here and by other packages, interleaved, in processor time of one thread.

python benchmarks/peers.py     (in an environment that has the packages of PEERS)
"""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy
from importlib.metadata import version
from io import StringIO
from time import process_time

import curvlinops
import hessian_eigenthings as eigenthings
import landscaper
import loss_landscapes
import numpy as np
import pyhessian
import rebasin
import torch
from loss_landscapes.metrics import Loss as MetricOfLoss
from scipy.sparse.linalg import eigsh
from torch import nn
from torch.nn.functional import cross_entropy

from globscope.api import Loss, Networks, eigenpairs, span, symmetry
from globscope.builtin.aligners.weights import WeightMatching
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification

PEERS = ("loss-landscapes", "landscaper", "pyhessian", "curvlinops-for-pytorch", "hessian-eigenthings", "rebasin")
STEPS, PAIRS, EPOCHS, REPEATS, LINE = 25, 5, 30, 5, 25
TASK = Classification(hidden=(256, 128))
PROBE = TASK.build("cpu")
IMAGES, CLASSES = (part.clone() for part in PROBE.batch("train", torch.arange(PROBE.examples("train"))))


def main() -> None:
    """Print the versions, then one row for each method."""
    torch.set_num_threads(1)
    print(*(f"{name} {version(name)}" for name in (*PEERS, "torch")), sep=", ")
    models = [trained(seed) for seed in range(3)]
    for examples in (len(IMAGES), 64):
        planes(models, examples)
    eigenvalues(models[0])
    alignments(models[0], models[1])


def trained(seed: int) -> nn.Module:
    """Return an MLP 64-256-128-10 with the names of its task's tensors, trained by Adam."""
    torch.manual_seed(seed)
    hidden = (nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
    model = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(128, 10))
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(IMAGES)).split(64):
            optimiser.zero_grad()
            cross_entropy(model(IMAGES[rows]), CLASSES[rows]).backward()
            optimiser.step()
    return model


def flat(model: nn.Module) -> np.ndarray:
    """Return the (D,) weights."""
    return np.array(PROBE.layout.flatten(model.state_dict()))


def timed(methods: dict[str, Callable[[], np.ndarray]]) -> dict[str, tuple[np.ndarray, float]]:
    """Return by method its last result and its least processor seconds, the methods taking turns."""
    results, seconds = {}, {name: list[float]() for name in methods}
    for _ in range(REPEATS):
        for name, method in methods.items():
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                start = process_time()
                results[name] = method()
                seconds[name].append(process_time() - start)
    return {name: (results[name], min(times)) for name, times in seconds.items()}


def planes(models: list[nn.Module], examples: int) -> None:
    """Score the plane through three networks on STEPS × STEPS points, each on so many training examples."""
    space, shares = span(np.stack([flat(model) for model in models])), np.arange(STEPS) / STEPS
    first, *ends = space.members
    # loss-landscapes goes back and forth, and steps before it scores: every second column begins one step later.
    late = (np.arange(STEPS) % 2 == 0) / STEPS
    points = [
        first + u * (ends[0] - first) + (v + w) * (ends[1] - first)
        for u, w in zip(shares, late, strict=True)
        for v in shares
    ]
    networks, evaluator = Networks(space=space, coordinates=np.stack(points)), Torch(examples=examples)
    start = process_time()
    plan = evaluator.plan(networks, TASK)
    print(f"{examples} examples; globscope plans once, {process_time() - start:.2f} s, and takes {plan.method!r}")
    images, classes = IMAGES[:examples], CLASSES[:examples]

    def here() -> np.ndarray:
        scorer = evaluator.scorer(networks, TASK, plan)
        return np.concatenate([scorer.score(unit)["train_loss"] for unit in plan.units]).reshape(STEPS, STEPS)

    def of_loss_landscapes() -> np.ndarray:
        metric = MetricOfLoss(cross_entropy, images, classes)
        return np.array(loss_landscapes.planar_interpolation(*models, metric, steps=STEPS, deepcopy_model=True))

    def of_landscaper() -> np.ndarray:
        directions = [[torch.randn_like(p) for p in models[0].parameters()] for _ in range(2)]
        return landscaper.LossLandscape.compute(
            models[0], (images, classes), directions, scored, steps=STEPS, distance=1.0, dim=2, device="cpu"
        ).loss

    found = timed({"globscope": here, "loss-landscapes": of_loss_landscapes, "landscaper": of_landscaper})
    if examples == len(IMAGES):
        difference = np.abs(found["globscope"][0] - found["loss-landscapes"][0]).max()
        print(f"losses on the plane: largest difference {difference:.1e}")
    for name, (_, seconds) in found.items():
        print(f"{name}: {1e3 * seconds / STEPS**2:.2f} ms a network")


def scored(model: nn.Module, data: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Return the loss of a model, as landscaper asks for it."""
    return cross_entropy(model(data[0]), data[1]).item()


def eigenvalues(model: nn.Module) -> None:
    """Compute the PAIRS eigenvalues of largest magnitude of the Hessian on all training examples."""
    data = [(IMAGES, CLASSES)]
    weights = flat(model)

    def here(precision: str = "float32", tolerance: float = 1e-3) -> np.ndarray:
        matrix = Loss.of(PROBE, "cpu", None, np.random.default_rng(0), precision=precision)
        hessian = matrix.at(weights, {})
        start = np.random.default_rng(0).normal(size=len(weights))
        return eigenpairs(hessian.products, hessian.size, PAIRS, tolerance=tolerance, start=start).values

    def of_pyhessian() -> np.ndarray:
        found = pyhessian.hessian(model, nn.CrossEntropyLoss(), data=(IMAGES, CLASSES), cuda=False)
        return np.array(found.eigenvalues(top_n=PAIRS)[0])

    def of_curvlinops() -> np.ndarray:
        parameters = list(model.parameters())
        operator = curvlinops.HessianLinearOperator(model, nn.CrossEntropyLoss(), parameters, data)
        return eigsh(operator.to_scipy(), k=PAIRS, which="LM", tol=1e-3, return_eigenvectors=False)

    def of_eigenthings() -> np.ndarray:
        operator = eigenthings.HessianOperator(model, data, eigenthings.supervised_loss(nn.CrossEntropyLoss()))
        return np.array(eigenthings.lanczos(operator, k=PAIRS, max_iter=50, tol=1e-3).eigenvalues)

    exact = np.sort(here("float64", 1e-9))
    print("eigenvalues:", *np.round(exact[::-1], 4))
    methods = {"globscope": here, "pyhessian": of_pyhessian, "curvlinops": of_curvlinops, "eigenthings": of_eigenthings}
    for name, (values, seconds) in timed(methods).items():
        error = np.abs(np.sort(values) / exact - 1).max()
        print(f"{name}: {seconds:.2f} s, largest relative error {error:.1e}")


def alignments(a: nn.Module, b: nn.Module) -> None:
    """Match the units of b with those of a by their weights, and measure the barrier on the straight line."""
    tensors = [{name: tensor.numpy() for name, tensor in model.state_dict().items()} for model in (a, b)]

    def here() -> np.ndarray:
        matched = WeightMatching().align(TASK, *tensors, np.random.default_rng(0))
        return np.array(PROBE.layout.flatten(symmetry(PROBE).permute(tensors[1], matched)))

    def of_rebasin() -> np.ndarray:
        moved = deepcopy(b)
        rebasin.PermutationCoordinateDescent(a, moved, IMAGES[:32]).rebasin()
        return flat(moved)

    def barrier(end: np.ndarray) -> float:
        shares, start = np.linspace(0, 1, LINE), flat(a)
        losses = np.array([loss(start + share * (end - start)) for share in shares])
        return float((losses - (1 - shares) * losses[0] - shares * losses[-1]).max())

    print(f"raw: barrier {barrier(flat(b)):.3f}")
    for name, (end, seconds) in timed({"globscope": here, "rebasin": of_rebasin}).items():
        print(f"{name}: {seconds:.3f} s, barrier {barrier(end):.4f}")


def loss(weights: np.ndarray) -> float:
    """Return the training loss of a network."""
    tensors = PROBE.layout.unflatten(torch.from_numpy(weights.astype(np.float32)))
    return float(PROBE.objective(tensors, {}, (IMAGES, CLASSES), training=False))


if __name__ == "__main__":
    main()
