"""Commands on songs that are there: they are listed, heard, changed and summed up."""
