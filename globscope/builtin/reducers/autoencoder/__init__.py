"""The autoencoder, GlobScope's own map: its options, layers, loss, optimisers and training."""

from globscope.builtin.reducers.autoencoder.reducer import Autoencoder

__all__ = ["Autoencoder"]
