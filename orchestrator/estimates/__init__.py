"""Measures the cost and time of songs, and estimates those of new ones."""
