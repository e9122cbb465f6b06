"""The listener whose ear is Whisper."""
