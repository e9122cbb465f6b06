"""The storage craft: bytes by key, on this machine or in a bucket."""
