"""Descent on hyperparameters, and what it keeps in a file."""
