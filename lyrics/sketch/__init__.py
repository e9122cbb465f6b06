"""The embedded writer: plans and lyrics by rules and material of our own, measured by phones."""
