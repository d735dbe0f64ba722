"""The curvature of a task's loss: products with its matrices, eigenpairs, traces and the spectral density."""
