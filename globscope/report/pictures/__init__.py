"""Pictures that analyses and sweeps ask for."""
