"""A learned aligner, from arrays or from a file."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import FileError, PopulationError, SpecError, Task, Tensors, read_safetensors
from globscope.builtin.aligners.deep.mlp import Mlp, read_mlp
from globscope.builtin.aligners.deep.options import Architecture
from globscope.builtin.aligners.unit_similarity import best_assignment

WEIGHTS = "weights/"


@define(frozen=True, kw_only=True)
class LearnedAligner:
    """Match units of MLPs by learned features.

    Attributes:
        arrays: The encoder's weights under `weights/`, its architecture under `form/`, and the `scales` of the MLPs'
            layers.
        source: Its name in messages.
    """

    arrays: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    source: str = "this deep-align"

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a; no random numbers are drawn.

        Raises:
            PopulationError: The aligner was learned for other networks.
            SymmetryError: The network is not an MLP.
        """
        return {name: best_assignment(matrix) for name, matrix in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the (n, n) cosines of the features of a's units (rows) and b's units by group."""
        import torch

        from globscope.builtin.aligners.deep.network import cosines

        del rng
        mlp = read_mlp(task.build("cpu"))
        self.require(mlp)
        both = {name: torch.from_numpy(np.stack([a[name], b[name]])) for layer in mlp.layers for name in layer.names}
        with torch.no_grad():
            units = self._encoder(*mlp.read(both, self.arrays["scales"]))
            scores = cosines([features[:1] for features in units], [features[1:] for features in units])
        return {name: matrix[0].numpy() for name, matrix in zip(mlp.groups, scores, strict=True)}

    @cached_property
    def architecture(self) -> Architecture:
        """The encoder's architecture."""
        return Architecture.of(self.arrays)

    def require(self, mlp: Mlp) -> None:
        """Refuse MLPs for which it was not learned.

        Raises:
            PopulationError: The aligner was learned for other networks.
        """
        widths, known = mlp.widths, self.architecture
        if (widths[0], len(mlp.hidden), widths[-1]) != (known.inputs, known.hidden, known.outputs):
            raise PopulationError(
                f"{self.source} learned from MLPs with {known.inputs} inputs, {known.hidden} hidden layers and "
                f"{known.outputs} outputs; the network is {'-'.join(map(str, widths))}"
            )

    @cached_property
    def _encoder(self) -> Any:
        import torch

        from globscope.builtin.aligners.deep.network import UnitEncoder

        with torch.device("meta"):  # draws nothing
            encoder = UnitEncoder(self.architecture)
        weights = {name[len(WEIGHTS) :]: array for name, array in self.arrays.items() if name.startswith(WEIGHTS)}
        # Copies, since the arrays belong to the caller.
        encoder.load_state_dict({n: torch.from_numpy(np.array(array)) for n, array in weights.items()}, assign=True)
        return encoder


def load_learned(path: Path) -> LearnedAligner:
    """Return the aligner of a file.

    Raises:
        SpecError: The file cannot be read, or holds no learned aligner.
    """
    try:
        learned = LearnedAligner(arrays=read_safetensors(path), source=f"aligner {path}:")
        learned._encoder  # noqa: B018  # built now, so that missing arrays are reported here
    except FileError as error:
        raise SpecError([f"aligner {error}"]) from error
    except (KeyError, RuntimeError) as error:
        raise SpecError([f"aligner {path}: it holds no aligner that deep-align learned: {error}"]) from error
    return learned
