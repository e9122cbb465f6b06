"""MusicGen's melody checkpoints (Copet et al., "Simple and Controllable Music Generation", 2023) through
transformers' own model: a text and, of a song, its melody become a new song."""
