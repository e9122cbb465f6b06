"""MusicGen (Copet et al., "Simple and Controllable Music Generation", 2023) with a decoder of our own."""
