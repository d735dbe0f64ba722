"""What holds for aligners."""

from globscope.testing.checks.alignment.learning import LearningChecks
from globscope.testing.checks.alignment.permutations import PermutationChecks


# The last are listed first.
class AlignerChecks(LearningChecks, PermutationChecks):
    """Checks of one aligner, on two networks of the tiny task, without statistics and with them."""
