"""Recordings that a song is made from: uploads and songs of the library."""
