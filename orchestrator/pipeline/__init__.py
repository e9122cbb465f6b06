"""How a song is made: the order of its stages, and the work of each."""
