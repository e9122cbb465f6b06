"""Songwright on Modal: each engine in containers of a class of its own, each song a spawned call."""
