"""What holds for the probes of tasks, by what is done with them."""
