"""MusicGen's decoder on a GPU: one CUDA graph for the steps of all songs."""
