"""The listening craft: which words of a song are heard, and when."""
