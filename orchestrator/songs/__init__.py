"""What a song is: the request for it, its manifest, and the library that keeps both."""
