"""The loops themselves. numba takes a second to import: so they are imported where they are of use."""
