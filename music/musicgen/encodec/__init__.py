"""EnCodec's decoder: codes in, sound out."""
