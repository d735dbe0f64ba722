"""How many networks it takes to show that planes of one kind of network have saddles more often than those of another.

    python benchmarks/residual_power.py 5/8 1/8

takes the shares of networks whose plane has a saddle, first without residual connections and then with them. It prints
the power of Fisher's exact test for four networks of each kind, and the smallest number with a power of 0.8. The
networks are the units, since planes of one network are not independent of each other.
"""

import argparse
from fractions import Fraction

import numpy as np
from scipy.stats import binom, hypergeom

LEVEL, POWER, MOST = 0.05, 0.8, 400


def main() -> None:
    """Print the power of four networks of each kind, and how many of each are needed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plain", type=Fraction, help="share with a saddle, without residual connections")
    parser.add_argument("residual", type=Fraction, help="the same share with them")
    shares = parser.parse_args()
    plain, residual = float(shares.plain), float(shares.residual)
    needed = next((n for n in range(2, MOST + 1) if power(n, plain, residual) >= POWER), None)
    print(f"power with four of each kind: {power(4, plain, residual):.2f}")
    print(f"networks of each kind for a power of {POWER}: {needed or f'more than {MOST}'}")


def power(n: int, plain: float, residual: float) -> float:
    """Return the probability that Fisher's one-sided exact test on `n` networks of each kind is significant.

    Args:
        n: Networks of each kind.
        plain: Probability that one without residual connections has a saddle.
        residual: Probability that one with them has a saddle.
    """
    counts = np.arange(n + 1)
    without, within = np.meshgrid(counts, counts, indexing="ij")
    values = hypergeom.sf(without - 1, 2 * n, without + within, n)
    chances = np.outer(binom.pmf(counts, n, plain), binom.pmf(counts, n, residual))
    return float(chances[values <= LEVEL].sum())


if __name__ == "__main__":
    main()
