"""The couplings of the flow; imported where torch is needed."""

from typing import Any

import torch
from torch.nn.functional import pad
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.lazy import LazyComposedTransform
from zuko.transforms import AdditiveTransform


def couplings(leading: Any, hidden: tuple[int, ...], seed: int) -> Any:
    """Return a lazy transform of r coordinates: those in the (r,) mask shifted by the others, then the others by them.

    Source: Dinh, Krueger & Bengio, "NICE: non-linear independent components estimation", 2014.
    """
    pair = []
    options: dict[str, Any] = {"univariate": AdditiveTransform, "shapes": [()], "normalize": True}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for kept, widths in ((~leading, hidden), (leading, hidden[::-1])):
            pair.append(GeneralCouplingTransform(len(kept), mask=kept, hidden_features=widths, **options))
    for parameter in (one for coupling in pair for one in coupling.hyper[-1].parameters()):
        torch.nn.init.zeros_(parameter)  # the fit starts from the identity
    return LazyComposedTransform(*pair)


def coefficients_at(centres: Any, values: Any) -> Any:
    """Return the (N + 1, k) c_i and c with Σ c_i |z − z_i| + c the (N, k) values at the (N, d) centres z_i.

    Of a centre that is there twice both have a part of the coefficient, by least squares.
    """
    sums = pad(centres.new_ones(1, len(centres)), (0, 1))
    system = torch.cat([distances(centres, centres), sums])
    return torch.linalg.lstsq(system, pad(values, (0, 0, 0, 1)), driver="gelsd").solution.contiguous()


def distances(points: Any, centres: Any) -> Any:
    """Return the (n, N + 1) distances of points from the centres, and 1."""
    return pad(torch.linalg.vector_norm(points[:, None] - centres, dim=2), (0, 1), value=1)
