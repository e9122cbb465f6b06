"""How what is written is spoken: numbers, signs, abbreviations and initials as words, and words with two
sounds by the words around them."""
