"""The outputs of networks on the same examples, and how alike those of two are."""
