"""What a song is made from beside words: photos, and songs that are to be changed."""
