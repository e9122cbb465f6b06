"""How loud songs are: meters, gains, and the mastering of what a model has made."""
