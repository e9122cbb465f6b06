"""The embedded composer: songs written by rules and played by numpy, with a formant singer."""
