"""What holds for evaluators, by what is asked of them."""
