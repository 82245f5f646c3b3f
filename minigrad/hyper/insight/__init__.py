"""Whether a hypergradient can be trusted, what it is made of, how far others are from it."""
