"""MusicGen on a processor with AVX2 or more, in loops that numba compiles for it. Only
``music.musicgen.compiled`` looks in here, by way of ``entry``; without this folder torch's operations do the
same."""
