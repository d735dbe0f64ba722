"""What holds for samplers."""

from globscope.testing.checks.sampling.promises import PromiseChecks
from globscope.testing.checks.sampling.rounds import RoundChecks
from globscope.testing.checks.sampling.samples import SampleChecks


# The last are listed first.
class SamplerChecks(PromiseChecks, RoundChecks, SampleChecks):
    """Checks of one sampler, on a chart of two axes whose loss is two bowls, with a corner that is not finite."""
