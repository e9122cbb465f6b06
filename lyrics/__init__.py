"""The lyrics craft: a description becomes a plan, with words to sing."""
