"""The art craft: a plan becomes a cover."""
