"""What holds for samplers, by what is asked of them."""
