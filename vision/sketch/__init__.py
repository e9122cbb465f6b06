"""The embedded reader: measures colour, light, contrast, texture and composition, and maps them to music by
tables."""
