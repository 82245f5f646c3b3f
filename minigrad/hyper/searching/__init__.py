"""Black-box search on the same runs, by the workers of any executor."""
