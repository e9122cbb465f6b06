"""How the embedded composer changes a song: parts that it writes in the song's own tempo, key and style."""
