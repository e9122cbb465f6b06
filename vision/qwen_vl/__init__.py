"""A vision-language model as the reader: the whole scene in one generation that cannot but be a scene."""
