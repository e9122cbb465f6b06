"""Scores as standard MIDI files: written, read again, and joined at a beat."""
