"""Places under a sky, in which the figures stand, float or fly."""
