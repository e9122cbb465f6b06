"""The vision craft: a photo becomes the description of a song."""
