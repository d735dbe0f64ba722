"""The stages of a study: each module computes one, which has a folder of its own in the run."""
