"""The options of the sampler `critical-points`."""

from typing import Literal

from attrs import define, field as option
from attrs.validators import and_, ge, gt

from globscope.api import SAMPLES, STEPS
from globscope.builtin.samplers.critical_points.starts import Members


@define(frozen=True, kw_only=True)
class CriticalPointOptions:
    """What is searched for, where, how finely and for how long; the sampler documents each option."""

    field: str = "train_loss"
    members: Members = "ends"
    starts: int = option(default=16, validator=and_(ge(0), SAMPLES))
    pairs: Literal["tree", "neighbours", "all"] = "neighbours"
    images: int = option(default=7, validator=and_(ge(1), STEPS))
    tolerance: float = option(default=0.02, validator=gt(0))
    step: float = option(default=0.02, validator=gt(0))
    budget: int = option(default=20_000, validator=and_(ge(1), SAMPLES))
    margin: float = option(default=0.1, validator=ge(0))
    bounded: bool = True

    def __attrs_post_init__(self) -> None:
        if self.members == "none" and not self.starts:
            raise ValueError('needs points to start from: members = "none" and starts = 0 leave none')
