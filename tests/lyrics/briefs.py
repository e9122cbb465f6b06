"""Sixty descriptions, as varied as people's are, with what each is about."""

from __future__ import annotations

_STYLES = (
    "a dreamy synthwave song with a female vocal", "slow folk in D minor, male voice, no drums,", "upbeat pop song",
    "an angry punk song, 180 BPM,", "hip hop with a duet", "a jazz waltz", "epic cinematic piece with choir",
    "lo-fi", "heavy metal in E minor", "country song with banjo", "reggae", "soul ballad", "deep house", "trap",
    "drum and bass at 174 BPM", "bossa nova with nylon guitar", "gospel", "blues in A", "disco banger", "indie rock",
)  # fmt: skip
_THEMES = (
    "neon rain", "leaving home", "my grandmother's 80th birthday", "the last train", "paper boats in the rain",
    "a robot who learns to cry", "my dog Biscuit", "a blue house by the sea", "winning the cup", "winter in the city",
    "coffee and toast", "the girl next door", "dragons", "walking to work", "a broken guitar string", "summer nights",
    "the stars above the desert", "my father's old coat", "forgiveness", "a lighthouse keeper", "dancing in the kitchen",
    "the river that runs through our town", "owls", "the smell of rain on hot asphalt", "Maria", "losing my keys",
    "an astronaut writing letters home", "the quiet after the storm", "pirates and gold", "learning to let go",
    "cats", "bicycle rides", "freedom", "the moon", "a wedding in the mountains", "the first snow", "old photographs",
    "my best friend", "a city that never sleeps", "honey", "thunder", "being seventeen", "the ocean floor",
    "a king without a crown", "sunflowers", "chess", "the night shift", "an empty chair", "a message in a bottle",
    "small town kids", "fire", "time travel", "the garden behind the school", "hope", "a paper airplane",
    "whales", "the morning after", "the long road home", "butterflies", "an argument with the wind",
)  # fmt: skip

BRIEFS: tuple[str, ...] = tuple(
    f"{_STYLES[n % len(_STYLES)]} about {theme}" for n, theme in enumerate(_THEMES)
)

SUBJECTS: dict[str, str] = {
    "truck drivers": "road", "my grandmother's kitchen": "kitchen", "a dragon": "dragons", "the lighthouse": "sea",
    "the last train": "trains", "neon streets": "city", "two robots who fall in love": "robots",
    "the summer of 1969": "summer", "being tired of Mondays": "monday", "my dog": "dogs", "cats": "cats",
    "a wedding in June": "wedding", "football": "football", "a lullaby for my son": "lullaby",
    "the first snow": "winter", "pirates": "pirates", "a haunted house": "ghosts", "a broken heartbreak": "heartbreak",
    "my best friend": "friendship", "dancing till dawn": "party", "computers": "computers", "the war": "war",
    "money": "money", "school days": "school", "the mountains": "mountains", "a garden": "garden",
    "wild horses": "horses", "birds": "birds", "wolves": "wolves", "a knight": "knights",
    "space travel": "space", "coffee in the morning": "morning", "cowboys": "desert", "music": "music",
    "faith": "faith", "dreams": "dreams", "revolution": "revolution", "my birthday": "birthday",
    "the airport": "travel", "Christmas": "christmas", "the forest": "forest", "my childhood": "childhood",
    "a river": "river", "chess": "games", "my old bicycle": "bicycle", "letters": "letters", "a storm": "storm",
    "rain": "rain", "the stars": "stars", "my grandfather": "grandparents", "tractors": "farm", "whales": "whales",
    "bees": "bees", "an old clock": "time", "the funeral": "grief", "autumn leaves": "autumn", "a bonfire": "fire",
    "the marathon": "sport", "the night shift": "work", "my mother": "home", "kisses": "love",
}  # fmt: skip
"""Subjects and the fields of the embedded writer's material that they are of."""

TOPICS: tuple[str, ...] = (
    "my dog", "two robots who fall in love", "the summer of 1969", "being tired of Mondays", "grandma's kitchen",
    "driving at night", "neon rain", "99 balloons", "you", "us", "my mother teaching me to swim",
    "how my father fixed the car", "why I left Berlin", "how to bake bread", "life without you",
    "someone I used to know", "an astronaut writing letters home", "a king without a crown",
    "the man who sold the moon", "dancing in the kitchen with my grandmother", "coffee and toast", "climate change",
    "losing my job", "falling in love with my best friend", "everything", "London", "paris in spring",
    "the river that runs through our town", "don't worry be happy", "I miss you", "a robot learns to cry",
    "freedom", "small town kids", "my wife Anna", "running out of time", "a house with no doors", "la pluie",
    "missing the bus", "the smell of rain on hot asphalt", "flying cars", "Maria", "rain", "dragons", "the moon",
    "my first apartment in Brooklyn and the neighbours", "never giving up", "a song for my daughter's wedding day",
)  # fmt: skip
"""Noun phrases of all kinds, one to eight words, and sentences."""
