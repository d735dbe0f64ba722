"""How alike the layers of networks are: CKA of every layer with every layer, and of the same layer of all runs."""
