"""The languages that are known: their names, their small words, and how descriptions ask for them."""
