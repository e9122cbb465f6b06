"""Makes a song: the order of its stages, and the work of each."""
