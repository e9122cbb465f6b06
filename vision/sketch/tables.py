"""From measures to music: the mood, genres and elements for a photo's measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vision.sketch.measure import HUES, Measures

MOODS: Mapping[str, tuple[float, float, float]] = {
    "joyful": (0.85, 0.75, 0.5),
    "uplifting": (0.6, 0.6, 0.1),
    "energetic": (0.3, 0.9, 0.2),
    "playful": (0.7, 0.65, 0.2),
    "romantic": (0.2, 0.45, 0.9),
    "hopeful": (0.6, 0.45, 0.0),
    "dreamy": (0.45, 0.35, -0.3),
    "calm": (0.4, 0.25, -0.5),
    "nostalgic": (-0.1, 0.35, 0.5),
    "melancholic": (-0.4, 0.2, -0.4),
    "mysterious": (-0.5, 0.3, -0.6),
    "dark": (-0.85, 0.15, 0.0),
    "angry": (-0.4, 0.65, 0.9),
    "epic": (0.0, 0.7, -0.3),
}
"""Each mood's pleasure, -1 to 1, and arousal, 0 to 1, on Russell's circumplex ("A circumplex model of
affect", 1980), and the warmth of its usual colours, -1 to 1."""

GENRES: Mapping[str, tuple[str, ...]] = {
    "joyful": ("pop", "disco", "funk", "latin"),
    "uplifting": ("pop", "house", "indie", "gospel"),
    "energetic": ("house", "rock", "drum and bass", "techno"),
    "playful": ("funk", "indie", "pop", "disco"),
    "romantic": ("soul", "r&b", "bossa nova", "jazz"),
    "hopeful": ("indie", "folk", "pop", "gospel"),
    "dreamy": ("synthwave", "indie", "ambient", "lo-fi"),
    "calm": ("ambient", "lo-fi", "folk", "classical"),
    "nostalgic": ("folk", "lo-fi", "country", "soul"),
    "melancholic": ("classical", "folk", "blues", "ambient"),
    "mysterious": ("trance", "cinematic", "ambient", "jazz"),
    "dark": ("cinematic", "trap", "techno", "ambient"),
    "angry": ("metal", "punk", "rock", "trap"),
    "epic": ("cinematic", "rock", "trance", "classical"),
}
"""Genres of each mood; two of the four are drawn at random."""

GENRES_OF_ELEMENTS: Mapping[str, str] = {
    "city lights at night": "synthwave",
    "the open sea": "reggae",
    "green woods": "folk",
    "a snow-white landscape": "classical",
    "fog": "ambient",
    "a burning sunset": "country",
}
"""Elements that decide the first genre, whatever the mood."""

_BLUE = range(6, 10)  # of HUES
_GREEN = range(2, 6)
_FIRE = (0, 1, 11)


def _hue_of(band: tuple[float, float, float]) -> int:
    return int(band[2] * len(HUES) + 0.5) % len(HUES)


def _blue(band: tuple[float, float, float]) -> bool:
    return band[1] > 0.1 and _hue_of(band) in _BLUE


def _sky(m: Measures) -> bool:
    return _blue(m.above) and m.above[0] > 0.45


def _line(m: Measures) -> bool:
    return m.horizon > 0.25


def _fire(m: Measures) -> float:
    return sum(m.hues[hue] for hue in _FIRE)


ELEMENTS: tuple[tuple[str, Callable[[Measures], bool]], ...] = (
    ("city lights at night", lambda m: m.lights > 0.003),
    ("a dark night", lambda m: m.dark > 0.7 and m.lights <= 0.003),
    ("a burning sunset", lambda m: _fire(m) > 0.45 and m.colour > 0.2 and 0.25 < m.brightness < 0.9),
    ("a snow-white landscape", lambda m: m.light > 0.6 and m.edges > 0.004),
    ("fog", lambda m: m.contrast < 0.09 and m.colour < 0.09 and 0.4 < m.brightness < 0.92 and m.edges < 0.02),
    ("the open sea", lambda m: _blue(m.below) and _line(m) and m.dark < 0.5),
    ("green woods", lambda m: sum(m.hues[hue] for hue in _GREEN) > 0.5 and m.texture > 0.02),
    ("a blue sky", _sky),
    ("bright daylight", lambda m: m.brightness > 0.65 and m.dark < 0.15 and m.colour > 0.1),
    ("a wide horizon", _line),
    ("mirrored halves", lambda m: m.symmetry > 0.8 and m.contrast > 0.05),
    ("one thing in the middle", lambda m: m.focus > 0.3),
    ("a rough surface", lambda m: m.texture > 0.08),
    ("soft shapes", lambda m: m.texture < 0.02 and m.contrast > 0.05),
    ("deep shadows", lambda m: 0.25 < m.dark <= 0.7),
    ("vivid colours", lambda m: m.colour > 0.45),
    ("faded colours", lambda m: m.colour < 0.15 and m.light < 0.6),
)
"""Elements and their conditions, most important first. The bounds were tuned on synthetic scenes of each."""

LIGHT_WORDS = ((0.2, "very dark"), (0.4, "dim"), (0.6, "softly lit"), (0.8, "bright"), (1.01, "radiant"))
COLOUR_WORDS = ((0.06, "colourless"), (0.18, "muted"), (0.4, "colourful"), (1.01, "vivid"))
SURFACE_WORDS = ((0.015, "smooth"), (0.06, "gently textured"), (0.09, "textured"), (1.01, "restless"))
"""Upper bounds and words, for brightness, colour and texture."""


def pleasure(m: Measures) -> float:
    """-1 to 1: 0.69 brightness + 0.22 saturation (Valdez and Mehrabian, "Effects of Color on Emotions", 1994,
    equation 1), with V for brightness and chroma, relative to a vivid photo's, for saturation, rescaled to
    the whole range."""
    return 2.0 * (0.69 * m.brightness + 0.22 * min(m.colour / 0.6, 1.0)) / 0.91 - 1.0


def energy(m: Measures) -> float:
    """0 to 10; it never falls when the same photo gets brighter or more saturated. Brightness counts most,
    because day is livelier than night; then colour, which arouses the most (Valdez and Mehrabian, equation 2:
    0.60 of saturation; their result that darkness arouses too is left out); then edges and contrast. Each of
    the four grows with V or C alone."""
    parts = (
        0.42 * m.brightness,
        0.34 * min(m.colour / 0.7, 1.0),
        0.14 * min(m.edges / 0.12, 1.0),
        0.10 * min(m.contrast / 0.35, 1.0),
    )
    return 10.0 * sum(parts)


def tempo(m: Measures) -> float:
    """A whole number of BPM, 56 to 154: from the energy, plus up to 8 for many edges."""
    return float(round(56.0 + 9.0 * energy(m) + 8.0 * min(m.edges / 0.12, 1.0)))


def mood(m: Measures) -> str:
    """The nearest mood. Warmth counts less than pleasure and arousal."""
    here = (pleasure(m), energy(m) / 10.0, m.warmth)
    weights = (1.0, 2.0, 0.5)  # pleasure has twice the arousal's range

    def away(name: str) -> float:
        return sum(
            (weight * (one - other)) ** 2
            for weight, one, other in zip(weights, here, MOODS[name], strict=True)
        )

    return min(MOODS, key=away)


def elements(m: Measures) -> tuple[str, ...]:
    """One to six elements: what stands out, then the colours."""
    seen = [name for name, there in ELEMENTS if there(m)][:5]
    return (*seen, colours(m))


def colours(m: Measures) -> str:
    """ "orange and blue", the strongest first; "shades of grey" where there is no colour."""
    order = sorted(range(len(HUES)), key=lambda hue: -m.hues[hue])
    strong = [HUES[hue] for hue in order if m.hues[hue] > 0.2][:2] or [HUES[order[0]]] * any(m.hues)
    return " and ".join(strong) or "shades of grey"


def word(amount: float, words: tuple[tuple[float, str], ...]) -> str:
    """The first word whose bound is above ``amount``."""
    return next(name for bound, name in words if amount < bound)
