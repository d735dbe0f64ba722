"""How every picture looks: theme, scales, labels, numbers as text."""
