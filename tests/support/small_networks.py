"""Networks of at most 500 weights on a few examples, with their curvature by its definition, in float64."""

import numpy as np
import torch
from support.paths import NETS

from globscope.api import Code, Loss
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.regression import Regression

# Of the largest entry: sums of a few dozen float64 products, in another order.
ROUNDING = 1e-12
EXAMPLES, LARGEST = 40, 500
VECTORS = np.random.default_rng(0).normal(size=(4, LARGEST))
MLP, MLP_CLASSES, BATCH_NORM = "MLP, values", "MLP, classes", "BatchNorm, classes"
TASKS = {
    MLP_CLASSES: Classification(hidden=(6,)),
    BATCH_NORM: Classification(model=Code(str(NETS), "batch_norm"), model_options={"width": 6}),
    MLP: Regression(hidden=(24, 8)),
    "BatchNorm, values": Regression(model=Code(str(NETS), "batch_norm_regression")),
}


class ExactNetwork:
    """A network's matrices by their definitions: from the loss of one example after another."""

    def __init__(self, task, batch_size=15):
        self.probe = task.build("cpu")
        self.weights = self.probe.layout.flatten({n: p.numpy() for n, p in self.probe.initialise(3)[0].items()})
        # By default batches of which the last is smaller.
        self.loss = Loss.of(
            self.probe, "cpu", EXAMPLES, np.random.default_rng(0), precision="float64", batch_size=batch_size
        )
        self.buffers = self.loss.at(self.weights, {}).buffers
        self.flat = torch.from_numpy(np.float64(self.weights))
        inputs, targets = self.probe.batch("train", torch.from_numpy(self.loss.rows))
        self.inputs, self.targets = inputs.double(), targets.double() if targets.is_floating_point() else targets

    def explicit(self, kind):
        """Return the Hessian or the Gauss–Newton matrix, (D, D)."""
        if kind == "hessian":
            return torch.autograd.functional.hessian(self.objective, self.flat).numpy()
        jacobian, outputs = self.jacobian(), self.outputs(self.flat)
        if self.targets.is_floating_point():
            curvature = np.broadcast_to(2 * np.eye(1), (EXAMPLES, 1, 1))
        else:
            p = outputs.softmax(1).numpy()
            curvature = np.stack([np.diag(row) - np.outer(row, row) for row in p])
        return np.einsum("nad,nab,nbe->de", jacobian, curvature, jacobian, optimize=True) / EXAMPLES

    def objective(self, flat):
        batch = self.inputs, self.targets
        return self.probe.objective(self.probe.layout.unflatten(flat), self.buffers, batch, training=False)

    def products(self, kind):
        """Return the products with a few random vectors, which no other matrix gives."""
        return self.loss.at(self.weights, {}, kind).products(VECTORS[:, : len(self.weights)])

    def outputs(self, flat):
        return self.probe.outputs(self.probe.layout.unflatten(flat), self.buffers, (self.inputs, self.targets))

    def jacobian(self):
        return torch.autograd.functional.jacobian(self.outputs, self.flat).numpy()

    def gradient(self, example, target):
        flat = self.flat.clone().requires_grad_()
        batch = self.inputs[example : example + 1], target
        loss = self.probe.objective(self.probe.layout.unflatten(flat), self.buffers, batch, training=False)
        return torch.autograd.grad(loss, flat)[0].numpy()

    def mean_outer_product(self, shares):
        """Return the mean over examples of the outer products of gradients; `shares` yields an example's targets."""
        rows = np.concatenate(
            [
                [np.sqrt(share) * self.gradient(example, target) for share, target in shares(example)]
                for example in range(EXAMPLES)
            ]
        )
        return rows.T @ rows / EXAMPLES

    def own_target(self, example):
        yield 1.0, self.targets[example : example + 1]

    def every_class(self, example):
        chances = self.outputs(self.flat)[example].softmax(0)
        yield from ((float(chance), torch.tensor([number])) for number, chance in enumerate(chances))

    def noisy_values(self, example, deviation):
        """Two values whose squared distance is the noise's variance: so is the mean of what is quadratic in it."""
        value = self.outputs(self.flat)[example : example + 1]
        yield from ((0.5, value + sign * deviation) for sign in (-1, 1))
