"""What holds for evaluators."""

from globscope.testing.checks.evaluation.fields import FieldChecks
from globscope.testing.checks.evaluation.gradients import GradientChecks
from globscope.testing.checks.evaluation.network_buffers import BufferChecks
from globscope.testing.checks.evaluation.units import UnitChecks


# The last are listed first.
class EvaluatorChecks(GradientChecks, BufferChecks, UnitChecks, FieldChecks):
    """Checks of one evaluator, on 12 networks of 51 weights."""
