"""Fields without the structure of a given one, with which its figures are compared."""

import numpy as np


def permute(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (n,) values in a random order: the same values, without any arrangement."""
    return rng.permutation(values)


def randomise_phases(grid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a field with the values and shape of a finite field on a lattice, as smooth, but otherwise random.

    The ranks of the values, as normal scores, are reflected at the borders, so that the field has no jump where it
    begins again; their Fourier phases are replaced by those of white noise, while the amplitudes are kept; and the
    values are given out in the order of the result (an amplitude-adjusted Fourier transform). Autocorrelations of the
    normal scores are kept on average.

    Source: Theiler, Eubank, Longtin, Galdrikian, Farmer, "Testing for nonlinearity in time series: the method of
    surrogate data", Physica D 58, 1992.

    Args:
        grid: Values on a lattice of any number of axes, all finite.
        rng: Generator of the noise.
    """
    from scipy.special import ndtri

    ranks = np.argsort(np.argsort(grid, axis=None, kind="stable"), kind="stable")
    scores = ndtri((ranks + 0.5) / grid.size).reshape(grid.shape)
    mirrored = np.pad(scores, [(0, size) for size in grid.shape], mode="symmetric")
    noise = np.fft.fftn(rng.normal(size=mirrored.shape))
    phases = np.exp(1j * np.angle(noise))
    drawn = np.fft.ifftn(np.abs(np.fft.fftn(mirrored)) * phases).real[tuple(slice(size) for size in grid.shape)]
    result = np.empty(grid.size)
    result[np.argsort(drawn, axis=None, kind="stable")] = np.sort(grid, axis=None)
    return result.reshape(grid.shape)
