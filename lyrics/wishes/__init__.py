"""What a description wishes: style, numbers, title, subject and length, each with its negation."""
