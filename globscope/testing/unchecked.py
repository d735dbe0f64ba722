"""What components may offer and the kit does not check, with the reason why it cannot."""

from collections.abc import Mapping
from types import MappingProxyType

# By role, and `probe` for what a task builds.
UNCHECKED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "task": {},
        "probe": {
            "stackable": "It asks for a trial. Training finds out for itself whether networks can be stacked.",
        },
        "reducer": {
            "Chart.space": "Every chart has one; what it lifts is checked with `decode`.",
            "Chart.latents": "Every chart has them; they are checked as part of the fit.",
            "Chart.members": "A study fills them in.",
            "Chart.layout": "A study fills it in.",
        },
        "analysis": {
            "figures": "A study shows the figures of members only to those who ask for them, so it cannot be wrong.",
        },
    }
)
