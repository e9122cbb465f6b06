"""Weights of eight and four bits, for models whose step is bound by reading them."""
