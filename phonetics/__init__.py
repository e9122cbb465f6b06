"""How words sound: phones, syllables, stress and rhyme. A leaf that the lyrics and the music craft both stand on."""
