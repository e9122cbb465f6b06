"""Photos read by rules: colour, light, contrast, texture and composition, and tables from there to music."""
