"""What concerns all songs of the library: changes that users make to them, and the stream of their events."""
