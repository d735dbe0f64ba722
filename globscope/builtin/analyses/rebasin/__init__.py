"""Whether two networks share a basin after their neurons are permuted."""
