"""An aligner in training, and how it is kept on disk; imported where torch is needed."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import Any

import numpy as np
import torch
from attrs import Factory, define

from globscope.builtin.aligners.deep.network import Reader

NOW, BEST, MOMENT, HISTORY = "now/", "best/", "moment/", "history/"


@define
class State:
    """An aligner in training.

    Attributes:
        reader: What learns.
        optimiser: Of its weights.
        best: The weights by which the barrier was lowest so far, by name.
        history: What was measured, by name: one number a validation.
        seconds: Spent learning.
        step: How many are over.
    """

    reader: Reader
    optimiser: Any
    best: dict[str, np.ndarray] = Factory(dict)
    history: dict[str, list[float]] = Factory(dict)
    seconds: float = 0.0
    step: int = 0

    @property
    def due(self) -> bool:
        """Whether nothing was measured since the last step."""
        return self.history.get("step", [])[-1:] != [self.step]

    @property
    def last(self) -> dict[str, float]:
        """What was measured last: the loss, where there was a step, and the barrier."""
        figures = {name: self.history[name][-1] for name in ("loss", "barrier") if name in self.history}
        return {name: figure for name, figure in figures.items() if isfinite(figure)}

    def measured(self, **figures: float) -> None:
        """Add to the history, and keep the weights where the barrier is lower than ever."""
        before = self.history.get("barrier", [])
        if not before or figures["barrier"] < min(filter(isfinite, before), default=inf):
            self.best = weights(self.reader)
        for name, figure in {"step": self.step, **figures}.items():
            self.history.setdefault(name, []).append(figure)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All of it."""
        moments = self.optimiser.state_dict()["state"]
        held = {f"{MOMENT}{at}/{name}": one.cpu().numpy() for at, own in moments.items() for name, one in own.items()}
        held |= {f"{NOW}{name}": array for name, array in weights(self.reader).items()}
        held |= {f"{BEST}{name}": array for name, array in self.best.items()}
        held |= {f"{HISTORY}{name}": np.array(figures, float) for name, figures in self.history.items()}
        return held | {"seconds": np.array(self.seconds), "step": np.array(self.step)}

    def take(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Become what stands in arrays."""
        self.reader.load_state_dict({name: torch.from_numpy(one) for name, one in under(NOW, arrays).items()})
        moments: dict[int, dict[str, Any]] = {}
        for place, one in under(MOMENT, arrays).items():
            at, name = place.split("/")
            moments.setdefault(int(at), {})[name] = torch.from_numpy(one)
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": moments})
        self.best = under(BEST, arrays)
        self.history = {name: one.tolist() for name, one in under(HISTORY, arrays).items()}
        self.seconds, self.step = float(arrays["seconds"]), int(arrays["step"])


def weights(reader: Reader) -> dict[str, np.ndarray]:
    """Return a copy of what it has learned, by name."""
    return {name: one.detach().cpu().numpy().copy() for name, one in reader.state_dict().items()}


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names begin so, by what follows."""
    return {name[len(prefix) :]: one for name, one in arrays.items() if name.startswith(prefix)}
