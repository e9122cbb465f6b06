"""The mix of each genre: balance of the stems, rooms, pumping and low end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from music.sketch.rooms import CATHEDRAL, HALL, PLATE, SMALL, STUDIO, Room


@dataclass(frozen=True)
class MixStyle:
    """A genre's mix. Stem levels are relative loudness in LU; only their differences matter."""

    drums: float = 0.0
    bass: float = -2.5
    harmony: float = -3.0
    melody: float = -5.0
    backing: float = -7.0
    voice_db: float = 2.8
    """Level of the lead voice over the band from 300 to 4000 Hz, while it sings."""
    bright_db: float = 0.5
    """How much further its consonants are to stand over the band than the whole of it."""
    dip_db: float = 4.0
    """How much the band leaves free for the lead's consonants while it sings."""
    room: Room = STUDIO
    vocal_room: Room = PLATE
    echo: float = 0.16
    """Level of the voice's echo."""
    pump_db: float = 0.0
    """How much a kick lowers bass and harmony."""
    low_db: float = 8.7
    """Third-octave level of 63 to 125 Hz relative to 1 kHz."""
    top_db: float = 0.0
    """Level at 8 kHz relative to the common curve."""
    drum_press_db: float = 5.0
    """Approximate reduction by the drum compressor."""


_BAND = MixStyle()
_CLUB = MixStyle(
    drums=1.5,
    bass=-1.5,
    harmony=-3.0,
    melody=-4.0,
    room=PLATE,
    echo=0.2,
    pump_db=7.0,
    low_db=9.6,
    voice_db=3.0,
)
_QUIET = MixStyle(drums=-5.0, bass=-4.0, harmony=-0.5, melody=-3.0, room=HALL, echo=0.08, low_db=8.1,
    top_db=-1.0,
                  drum_press_db=2.0, voice_db=2.4)  # fmt: skip

STYLES: Mapping[str, MixStyle] = MappingProxyType({
    "pop": _BAND,
    "rock": replace(_BAND, drums=0.5, harmony=-1.0, echo=0.10, voice_db=3.2, dip_db=4.5, low_db=8.7, drum_press_db=7.0),
    "indie": replace(_BAND, harmony=-2.0, room=PLATE, top_db=-1.0),
    "metal": replace(_BAND, drums=2.0, harmony=0.0, room=SMALL, echo=0.08, voice_db=3.2, dip_db=4.5, low_db=9.0,
        drum_press_db=7.0),
    "punk": replace(_BAND, drums=1.0, harmony=0.0, room=SMALL, echo=0.0, voice_db=3.2, dip_db=4.5, low_db=8.4,
        drum_press_db=7.0),
    "folk": replace(_QUIET, room=STUDIO, low_db=8.9),
    "country": replace(_BAND, drums=-2.0, harmony=-1.5, melody=-3.5, echo=0.10, low_db=8.4),
    "blues": replace(_BAND, drums=-1.5, harmony=-1.5, melody=-3.0, echo=0.08, low_db=8.7, top_db=-1.0),
    "jazz": replace(_QUIET, voice_db=3.2, dip_db=4.5, drums=-8.0, bass=-2.5, harmony=-1.0, melody=-1.5, room=SMALL, low_db=8.4, top_db=-2.0),
    "soul": replace(_BAND, drums=-1.0, bass=-1.5, room=PLATE, low_db=9.0, top_db=-1.0),
    "r&b": replace(_BAND, drums=0.5, bass=-1.0, harmony=-4.0, room=PLATE, low_db=9.6),
    "funk": replace(_BAND, drums=0.5, bass=-0.5, room=SMALL, echo=0.06, low_db=9.0),
    "disco": replace(_BAND, drums=0.5, bass=-1.0, room=PLATE, pump_db=2.0, low_db=9.0),
    "house": _CLUB,
    "techno": replace(_CLUB, drums=3.0, room=PLATE, pump_db=6.0),
    "trance": replace(_CLUB, harmony=-1.5, room=HALL, echo=0.26, pump_db=8.0, low_db=9.3, top_db=1.0),
    "drum and bass": replace(_CLUB, drums=2.0, bass=0.0, pump_db=3.0, low_db=9.6),
    "synthwave": replace(_CLUB, drums=0.5, harmony=-2.0, room=HALL, echo=0.24, pump_db=4.0, low_db=9.0),
    "ambient": replace(_QUIET, harmony=0.0, room=CATHEDRAL, vocal_room=CATHEDRAL, echo=0.3, low_db=8.4,
        top_db=-2.0),
    "lo-fi": replace(_BAND, drums=0.0, harmony=-1.0, room=SMALL, echo=0.1, pump_db=2.0, low_db=9.6,
        top_db=-5.0),
    "hip hop": replace(_BAND, drums=2.0, bass=0.0, harmony=-4.0, room=SMALL, echo=0.1, low_db=9.9,
        top_db=-0.5),
    "trap": replace(_BAND, drums=1.5, bass=1.0, harmony=-4.5, room=PLATE, echo=0.2, pump_db=3.0, low_db=10.2),
    "reggae": replace(_BAND, drums=-0.5, bass=1.0, harmony=-3.0, room=PLATE, echo=0.26, low_db=9.9,
        top_db=-1.5),
    "latin": replace(_BAND, drums=0.0, bass=-1.5, room=STUDIO, low_db=8.7),
    "bossa nova": replace(_QUIET, drums=-3.0, bass=-2.5, room=STUDIO, low_db=8.4, top_db=-2.0),
    "gospel": replace(_BAND, drums=-1.0, harmony=-1.0, backing=-3.5, room=HALL, vocal_room=HALL, low_db=8.7),
    "cinematic": replace(_QUIET, drums=0.0, harmony=0.0, melody=-2.0, room=CATHEDRAL, vocal_room=HALL,
        low_db=8.7),
    "classical": replace(_QUIET, harmony=0.0, melody=-1.0, room=HALL, vocal_room=HALL, low_db=7.5,
        top_db=-1.5),
})  # fmt: skip
"""By the canonical genre names of the lyrics contract."""


def style_of(genre: str) -> MixStyle:
    """The mix of a genre; unknown genres are mixed as pop."""
    return STYLES.get(genre, _BAND)
