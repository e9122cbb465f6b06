"""Changes of a song: where its bars are, and joins that are not heard."""
