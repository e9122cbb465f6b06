"""Texture over the whole picture, which the figures give its form."""
