"""Meta's AudioCraft as a second runtime of MusicGen, to compare with; in an environment of its own."""
