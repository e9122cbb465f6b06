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
