"""The curvature of the loss at networks."""
