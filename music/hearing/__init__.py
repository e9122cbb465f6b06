"""A song that is heard while it is made: its sound in pieces, from the first second on."""
