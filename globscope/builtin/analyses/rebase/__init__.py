"""Networks re-based by neuron permutations: how they are made, what they are worth, where the maps put them."""
