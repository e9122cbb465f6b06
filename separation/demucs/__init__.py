"""Songs taken apart by Demucs."""
