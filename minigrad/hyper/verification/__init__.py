"""The same hypergradient from independent witnesses, and what their answers mean."""
