"""An aligner that has learned: from arrays, or from a file of them."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import FileError, PopulationError, SpecError, Task, Tensors, read_safetensors
from globscope.builtin.aligners.deep.architecture import Architecture
from globscope.builtin.aligners.deep.mlp import Mlp, read_mlp
from globscope.builtin.aligners.unit_similarity import assigned

WEIGHTS = "weights/"


@define(frozen=True, kw_only=True)
class Learned:
    """Match units of MLPs by features that were learned.

    Attributes:
        arrays: The weights of the network that reads, under `weights/`; its form, under `form/`; and the `scales` of
            the MLPs' layers.
        source: What messages call it.
    """

    arrays: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    source: str = "this deep-align"

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a; nothing is drawn.

        Raises:
            PopulationError: It was learned for other networks.
            SymmetryError: The network is no MLP.
        """
        return {name: assigned(matrix) for name, matrix in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return by group the (n, n) cosines of the features of a's units, which are rows, and b's."""
        import torch

        from globscope.builtin.aligners.deep.network import cosines

        del rng
        found = read_mlp(task.build("cpu"))
        self.require(found)
        both = {name: torch.from_numpy(np.stack([a[name], b[name]])) for layer in found.layers for name in layer.names}
        with torch.no_grad():
            units = self._reader(*found.read(both, self.arrays["scales"]))
            scores = cosines([own[:1] for own in units], [own[1:] for own in units])
        return {name: one[0].numpy() for name, one in zip(found.groups, scores, strict=True)}

    @cached_property
    def form(self) -> Architecture:
        """The network's."""
        return Architecture.of(self.arrays)

    def require(self, found: Mlp) -> None:
        """Refuse MLPs of another form.

        Raises:
            PopulationError: It was learned for other networks.
        """
        own, form = found.widths, self.form
        if (own[0], len(found.hidden), own[-1]) != (form.inputs, form.hidden, form.outputs):
            raise PopulationError(
                f"{self.source} learned from MLPs with {form.inputs} inputs, {form.hidden} hidden layers and "
                f"{form.outputs} outputs; the network is {'-'.join(map(str, own))}"
            )

    @cached_property
    def _reader(self) -> Any:
        import torch

        from globscope.builtin.aligners.deep.network import Reader

        with torch.device("meta"):  # draws nothing
            reader = Reader(self.form)
        weights = {name[len(WEIGHTS) :]: array for name, array in self.arrays.items() if name.startswith(WEIGHTS)}
        # Copies: what is handed in is another's.
        reader.load_state_dict({n: torch.from_numpy(np.array(array)) for n, array in weights.items()}, assign=True)
        return reader


def loaded(path: Path) -> Learned:
    """Return the aligner of a file.

    Raises:
        SpecError: It cannot be read, or is no learned aligner.
    """
    try:
        learned = Learned(arrays=read_safetensors(path), source=f"aligner {path}:")
        learned._reader  # noqa: B018  # made now, so that what is missing is told here
    except FileError as error:
        raise SpecError([f"aligner {error}"]) from error
    except (KeyError, RuntimeError) as error:
        raise SpecError([f"aligner {path}: it holds no aligner that deep-align learned: {error}"]) from error
    return learned
