"""A chat model as the writer: the whole plan in one generation that cannot but be a plan."""
