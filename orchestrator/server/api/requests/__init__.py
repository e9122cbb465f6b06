"""What clients send: read, bounded, and refused in plain words."""
