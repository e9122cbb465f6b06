"""MusicGen on a processor with AVX-512, as loops that are compiled for it."""
