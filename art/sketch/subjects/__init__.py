"""What a song is about, as silhouettes: the words that name a thing, and the glyph that shows it."""
