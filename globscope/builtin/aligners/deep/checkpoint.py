"""The state of an aligner in training, and its arrays on disk; imported where torch is needed."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

import numpy as np
import torch
from attrs import Factory, define

from globscope.builtin.aligners.deep.network import UnitEncoder

NOW, BEST, MOMENT, HISTORY = "now/", "best/", "moment/", "history/"


@define
class LearningState:
    """The state of an aligner in training.

    Attributes:
        encoder: The network that learns.
        optimiser: The optimiser of its weights.
        best: The weights with the lowest barrier so far, by name.
        history: Figures by name, one number for each validation.
        seconds: Seconds spent learning.
        step: How many steps are over.
    """

    encoder: UnitEncoder
    optimiser: Any
    best: dict[str, np.ndarray] = Factory(dict)
    history: dict[str, list[float]] = Factory(dict)
    seconds: float = 0.0
    step: int = 0

    @property
    def due(self) -> bool:
        """Whether the last step has not been measured yet."""
        return self.history.get("step", [])[-1:] != [self.step]

    @property
    def last(self) -> dict[str, float]:
        """The last figures: the loss, if there was a step, and the barrier."""
        figures = {name: self.history[name][-1] for name in ("loss", "barrier") if name in self.history}
        return {name: figure for name, figure in figures.items() if isfinite(figure)}

    def add_measurement(self, **figures: float) -> None:
        """Add figures to the history, and keep the weights if the barrier is the lowest so far."""
        before = self.history.get("barrier", [])
        if not before or figures["barrier"] < min(filter(isfinite, before), default=inf):
            self.best = weights(self.encoder)
        for name, figure in {"step": self.step, **figures}.items():
            self.history.setdefault(name, []).append(figure)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The whole state as arrays by name."""
        moments = self.optimiser.state_dict()["state"]
        arrays = {
            f"{MOMENT}{place}/{name}": tensor.cpu().numpy()
            for place, values in moments.items()
            for name, tensor in values.items()
        }
        arrays |= {f"{NOW}{name}": array for name, array in weights(self.encoder).items()}
        arrays |= {f"{BEST}{name}": array for name, array in self.best.items()}
        arrays |= {f"{HISTORY}{name}": np.array(figures, float) for name, figures in self.history.items()}
        return arrays | {"seconds": np.array(self.seconds), "step": np.array(self.step)}

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Load the state from arrays."""
        self.encoder.load_state_dict(
            {name: torch.from_numpy(array) for name, array in with_prefix(NOW, arrays).items()}
        )
        moments: dict[int, dict[str, Any]] = {}
        for place, array in with_prefix(MOMENT, arrays).items():
            number, name = place.split("/")
            moments.setdefault(int(number), {})[name] = torch.from_numpy(array)
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.best = with_prefix(BEST, arrays)
        self.history = {name: array.tolist() for name, array in with_prefix(HISTORY, arrays).items()}
        self.seconds, self.step = float(arrays["seconds"]), int(arrays["step"])


def weights(encoder: UnitEncoder) -> dict[str, np.ndarray]:
    """Return a copy of an encoder's weights, by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in encoder.state_dict().items()}


def with_prefix(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names have a prefix, by the rest of their names."""
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
