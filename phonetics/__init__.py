"""How words sound: phones, syllables, stress and rhyme. A leaf that lyrics and music both stand on."""
