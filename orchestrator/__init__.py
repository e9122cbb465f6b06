"""The journey of a song, and the doors through which a request for one comes."""
