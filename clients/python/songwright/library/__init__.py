"""The library as the client asks for it: which songs, what to change of them, what happens to them."""
