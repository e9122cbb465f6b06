"""Which style a cover gets: by the words of the theme, else by the genre, and by what the figures suit."""

from __future__ import annotations

from random import Random

from art.contract import CoverRequest
from art.sketch.subjects.reading import Place, Subject, subjects_of

_ROOMS = {
    "landscapes": "ridges waves cosmos skyline sungrid solitude spotlight window",
    "prints": "cutout halftone ink lines pattern poster rainbow shapes",
    "fields": "contours leaves marble mesh",
}
ROOMS: dict[str, str] = {style: room for room, styles in _ROOMS.items() for style in styles.split()}
"""By style, the folder of its module."""
STYLES = tuple(ROOMS)

_GENRES = {
    "pop": "mesh marble rainbow shapes poster pattern cutout solitude", "rock": "halftone ridges marble poster lines spotlight solitude",
    "indie": "ridges shapes leaves waves window lines cutout solitude", "metal": "halftone cosmos contours lines poster ink spotlight",
    "punk": "halftone poster pattern lines", "folk": "leaves ridges waves window ink cutout solitude",
    "country": "ridges rainbow leaves solitude poster window cutout", "blues": "shapes skyline waves spotlight window poster ink",
    "jazz": "shapes skyline rainbow spotlight lines pattern poster", "soul": "rainbow mesh marble spotlight shapes cutout poster",
    "r&b": "mesh marble skyline spotlight window solitude cutout", "funk": "rainbow shapes pattern poster halftone cutout",
    "disco": "rainbow sungrid mesh pattern spotlight poster", "house": "mesh shapes contours pattern lines poster cutout",
    "techno": "contours shapes cosmos lines poster pattern", "trance": "cosmos contours mesh lines sungrid solitude",
    "drum and bass": "contours halftone skyline lines poster cutout", "synthwave": "sungrid skyline cosmos solitude lines",
    "ambient": "ink cosmos mesh waves solitude contours window", "lo-fi": "mesh skyline leaves window pattern shapes solitude",
    "hip hop": "skyline halftone shapes poster pattern spotlight cutout", "trap": "skyline marble contours poster spotlight lines",
    "reggae": "rainbow waves poster pattern cutout solitude", "latin": "rainbow shapes leaves poster pattern cutout spotlight",
    "bossa nova": "waves shapes leaves rainbow window cutout pattern", "gospel": "ridges marble rainbow window spotlight mesh",
    "cinematic": "ridges cosmos waves solitude spotlight window lines", "classical": "ink leaves marble window spotlight lines cutout",
}  # fmt: skip
BY_GENRE: dict[str, tuple[str, ...]] = {genre: tuple(styles.split()) for genre, styles in _GENRES.items()}

_SEA = "sea ocean wave waves beach tide boat boats ship ships sail sailor river lake island harbour harbor whale water lighthouse"
_LAND = "mountain mountains valley hill hills horizon sunrise sunset leaving bird birds desert"
_ROAD = "road highway journey truck car train"
_CITY = "city street streets neon rain rainy downtown taxi subway lights urban avenue rooftop"
_GARDEN = "garden flower flowers forest tree trees leaves autumn spring field honey"
_ROOM = "kitchen grandmother home house window cat"
_QUIET = "silence zen snow quiet dream dreams sleep lullaby ghost"
BY_THEME: dict[str, str] = {
    "skyline": f"{_CITY} night nights midnight",
    "waves": _SEA,
    "ridges": f"{_LAND} {_ROAD} home",
    "cosmos": "star stars space moon planet planets galaxy rocket universe astronaut alien sky comet satellite",
    "leaves": f"{_GARDEN} summer kitchen grandmother",
    "sungrid": "drive driving arcade 80s laser robot robots computer machine cyber game",
    "ink": f"{_QUIET} {_SEA} wolf dragon mountain mountains bird birds",
    "halftone": "riot rebel rebellion scream fight war revolution rage",
    "solitude": f"{_LAND} {_ROAD} {_QUIET} lighthouse alone lonely",
    "window": f"{_ROOM} garden flower flowers tree rain",
    "cutout": f"{_GARDEN} {_SEA} dragon wolf forest bird",
    "spotlight": "guitar piano violin saxophone trumpet drum dance dancing stage microphone ballet",
    "rainbow": f"{_ROAD} island summer",
}  # fmt: skip

_UNFIT: dict[str, frozenset[Place]] = {
    "waves": frozenset({"ground", "near"}),
    "ridges": frozenset({"near", "water"}),
    "skyline": frozenset({"near", "water"}),
    "cosmos": frozenset({"water"}),
}
"""What a style of the genre does not show: a lorry on the sea, a kettle on a summit."""


_IS_THE_PLACE = {
    "skyline": "mat:city mat:home-city mat:post-lamp", "waves": "mat:tsunami mat:water mat:waves", "ridges": "fa:mountain-sun",
    "cosmos": "fa:earth-americas mat:star", "sungrid": "fa:road", "leaves": "mat:leaf mat:forest",
    "window": "mat:window-closed-variant",
}  # fmt: skip
"""What a style shows without a figure."""


def cast_for(style: str, request: CoverRequest) -> tuple[Subject, ...]:
    """The figures of a cover in ``style``."""
    shown = _IS_THE_PLACE.get(style, "").split()
    return tuple(subject for subject in subjects_of(request) if subject.glyph not in shown)


def choose_style(request: CoverRequest, choice: Random) -> str:
    """A style that shows the theme, in most cases if there is one; else a style of the genre."""
    words = {word.lower().removesuffix("'s") for phrase in request.theme for word in phrase.split()}
    shown = [style for style, names in BY_THEME.items() if words & set(names.split())]
    genre = request.genre.lower()
    known = genre if genre in BY_GENRE else next((name for name in sorted(BY_GENRE) if name in genre), "pop")
    if shown and choice.random() < 0.8:
        return choice.choice(shown)
    cast = subjects_of(request)
    fit = [
        style for style in BY_GENRE[known] if not cast or cast[0].place not in _UNFIT.get(style, frozenset())
    ]
    return choice.choice(fit)
