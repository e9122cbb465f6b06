"""How words sound: phones, syllables, stress and rhyme. Lyrics and music both use it."""
