"""Which runs a map's pictures name."""

import numpy as np

from globscope.report.map.scene import Scene
from globscope.report.style.label_choice import choose_labels
from globscope.values.number import number


def named_runs(scene: Scene, ends: np.ndarray) -> list[int]:
    """Return the rows of a scene's trajectories that are named; `ends`, (n, 2), are where they end in the picture."""
    names = [trajectory.variant for trajectory in scene.trajectories]
    last, truth = [trajectory.last for trajectory in scene.trajectories], scene.map_.truth.get(scene.field.key)
    costs = None if truth is None else scene.field.cost(truth[last])
    return choose_labels(names, ends, costs, scene.style.labels)


def names_left_out(scene: Scene) -> list[str]:
    """Return in a sentence which runs are named in the picture, where not all are."""
    count = len(scene.trajectories)
    if not count:
        return []
    ends = np.array([trajectory.points[-1, :2] for trajectory in scene.trajectories]).reshape(count, -1)
    named = len(named_runs(scene, ends if ends.shape[1] == 2 else np.repeat(ends, 2, axis=1)))
    by_place = named > 2 and (scene.style.labels == "ends" or isinstance(scene.style.labels, int))
    which = ": the best, the worst, and those that end farthest apart; the others are faint" if by_place else ""
    return [f"{number(named)} of {number(count)} runs are named{which}."] if named < count else []
