"""The players of the band: drums, bass, comping instruments, and how a song ends."""

from music.sketch.players.bassline import bass
from music.sketch.players.comping import comp
from music.sketch.players.drumming import drums
from music.sketch.players.timed import Feel, TimedSection

__all__ = ["Feel", "TimedSection", "bass", "comp", "drums"]
