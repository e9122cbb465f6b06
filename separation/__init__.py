"""Songs taken apart: the parts that they are mixed of."""
