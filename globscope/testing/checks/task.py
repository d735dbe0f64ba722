"""What holds for tasks."""

from globscope.testing.checks.probe.layout import LayoutChecks
from globscope.testing.checks.probe.outputs import OutputChecks
from globscope.testing.checks.probe.probe_traits import ProbeTraitsChecks
from globscope.testing.checks.probe.reduction import ReductionChecks
from globscope.testing.checks.probe.statistics import StatisticsChecks
from globscope.testing.checks.probe.training import TrainingChecks


# The last are listed first.
class TaskChecks(ProbeTraitsChecks, OutputChecks, StatisticsChecks, ReductionChecks, TrainingChecks, LayoutChecks):
    """Checks of one task on the CPU, on fresh networks and a few of its examples."""
