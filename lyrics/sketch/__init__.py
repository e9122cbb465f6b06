"""The embedded writer: plans and lyrics by rules and from our own material, with syllables counted by
phones."""
