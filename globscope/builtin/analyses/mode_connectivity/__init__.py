"""Whether minima are connected by curves of low loss."""
