"""MusicGen on a processor with AVX-512, in loops that numba compiles for it. Only ``music.musicgen.compiled``
looks in here, by way of ``entry``; without this folder torch's operations do the same."""
