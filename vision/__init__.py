"""What a photo says about the song that could go with it."""
