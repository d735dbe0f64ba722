"""What holds for aligners, by what is asked of them."""
