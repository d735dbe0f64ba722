"""Built-in reducers."""

from globscope.api import hookimpl
from globscope.builtin.reducers.autoencoder import Autoencoder
from globscope.builtin.reducers.hull import Hull
from globscope.builtin.reducers.kernel_pca import KernelPca
from globscope.builtin.reducers.pca import Pca
from globscope.builtin.reducers.scatter import Isomap, Mds
from globscope.builtin.reducers.simplex import Simplex
from globscope.builtin.reducers.slices.hessian import HessianSlice
from globscope.builtin.reducers.slices.random import Random
from globscope.builtin.reducers.slices.through import Line, Plane
from globscope.builtin.reducers.slices.trajectory import TrajectoryPca
from globscope.builtin.reducers.span import Span
from globscope.builtin.reducers.t_sne import TSne
from globscope.builtin.reducers.umap import Umap

GLOBSCOPE_API = 2


@hookimpl
def globscope_reducers() -> dict[str, type]:
    """Offer the reducers by the name that a spec writes after `use =`."""
    return {
        "autoencoder": Autoencoder,
        "kernel-pca": KernelPca,
        "umap": Umap,
        "pca": Pca,
        "span": Span,
        "hull": Hull,
        "simplex": Simplex,
        "mds": Mds,
        "isomap": Isomap,
        "t-sne": TSne,
        "random": Random,
        "hessian": HessianSlice,
        "trajectory-pca": TrajectoryPca,
        "plane": Plane,
        "line": Line,
    }
