"""The learned aligner: a network computes features of an MLP's hidden units, by which they are matched."""
