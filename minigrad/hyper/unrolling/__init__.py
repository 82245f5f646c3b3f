"""A run taken apart into stretches of steps: what every method is made of."""
