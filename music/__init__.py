"""The music craft: a plan becomes audio."""
