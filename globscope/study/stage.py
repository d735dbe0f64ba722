"""The stages of a study. Each is a module of `globscope.study.stages` and a folder in a run's `stages/`."""

from enum import StrEnum


class Stage(StrEnum):
    """A kind of stored result."""

    TRAIN = "train"
    POPULATION = "population"
    ALIGN = "align"
    LEARN = "learn"
    ALIGNED = "aligned"
    DERIVE = "derive"
    SPACE = "space"
    REDUCE = "reduce"
    SAMPLE = "sample"
    EVALUATE = "evaluate"
    TOPOLOGY = "topology"
    ANALYSIS = "analysis"
    PART = "part"
