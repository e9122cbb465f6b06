"""What the tools answer: facts for a program, and a few words for the agent to read. No file is in them, only
links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from orchestrator.compat.mcp.calls import Links

_UNSHOWN = ("waveform",)
_ENDED = ("done", "failed", "cancelled")


class SongFacts(BaseModel):
    """A song: what it is, how far it is, and where its files are."""

    song_id: str
    status: str = Field(
        description="queued, planning, composing, ..., and at the end done, failed or cancelled."
    )
    ended: bool = Field(description="Whether nothing more will happen. If not, call wait_for_song.")
    title: str
    duration_s: float
    seed: int
    progress: float = Field(description="0 to 1.")
    queue_position: int | None = Field(default=None, description="1 is next; null once its work began.")
    seconds_left: float | None = Field(default=None, description="Until it is done; null if unknown.")
    error: str | None = Field(default=None, description="Why it failed.")
    warnings: list[str] = Field(default_factory=list, description="What of the request was not followed.")
    favourite: bool = Field(default=False, description="Whether the user has marked it.")
    tags: list[str] = Field(default_factory=list, description="The user's own tags.")
    lyrics: str = Field(default="", description="The words that are sung, once they are known.")
    links: dict[str, str] = Field(
        default_factory=dict,
        description="By role (audio, cover, lyrics, ...): addresses that need no token, for about an hour.",
    )
    variations: list[str] = Field(default_factory=list, description="The ids of the other takes.")

    def text(self) -> str:
        """The song in a few lines."""
        name = f"{self.title!r} ({self.song_id})" if self.title else f"Song {self.song_id}"
        lines = [f"{name} is {self.status}{self._state()}."]
        lines += [f"{role}: {self.links[role]}" for role in ("audio", "cover") if role in self.links]
        lines += self.warnings
        if not self.ended:
            lines.append(f"Call wait_for_song with song_id {self.song_id} to wait for it.")
        return "\n".join(lines)

    def _state(self) -> str:
        if self.status == "done":
            return f", {self.duration_s:.0f} s"
        if self.error:
            return f": {self.error}"
        if self.ended:
            return ""
        parts = [f"number {self.queue_position} in the queue"] if self.queue_position else []
        parts += [f"{self.progress:.0%}"] if self.progress else []
        parts += [f"about {self.seconds_left:.0f} s left"] if self.seconds_left is not None else []
        return f" ({', '.join(parts)})" if parts else ""


class ListedSong(BaseModel):
    """A song of the list."""

    song_id: str
    status: str
    title: str
    description: str
    created_at: str
    duration_s: float
    categories: list[str]
    favourite: bool
    tags: list[str]


class SongList(BaseModel):
    """A page of the library."""

    songs: list[ListedSong]
    next_cursor: str | None = Field(description="For the songs after these; null at the end.")

    def text(self) -> str:
        """A line for each song."""
        if not self.songs:
            return "There is no such song."
        lines = [f"{song.song_id} {song.status}: {song.title or song.description}" for song in self.songs]
        more = [f"There are more: cursor {self.next_cursor}"] if self.next_cursor else []
        return "\n".join(lines + more)


class Price(BaseModel):
    """What a song would take and cost. Nothing is reserved."""

    measured_songs: int = Field(description="How many songs this is based on; with 0 nothing is known.")
    seconds: float | None = Field(description="The usual time, without the time in the queue.")
    seconds_at_most: float | None = Field(description="Nine of ten songs take no longer.")
    usd: float | None = Field(description="The usual price; null where songs are made on the server itself.")
    usd_at_most: float | None
    notes: list[str]

    def text(self) -> str:
        """The price in a sentence."""
        if self.seconds is None:
            return "\n".join(["No such song has been measured yet.", *self.notes])
        price = f"about {self.usd:.4f} USD" if self.usd is not None else "no price: the server's own machine"
        return "\n".join([f"About {self.seconds:.0f} s, {price}.", *self.notes])


def song_facts(song: Mapping[str, Any], links: Links) -> SongFacts:
    """The facts of a song, as the API answers it."""
    plan, error = song.get("plan") or {}, song.get("error") or {}
    music = song.get("music") or {}
    return SongFacts(
        song_id=song["id"],
        status=song["status"],
        ended=song["status"] in _ENDED,
        title=song.get("title") or plan.get("title", ""),
        duration_s=music.get("duration_s", song["brief"]["duration_s"]),
        seed=song["seed"],
        progress=progress_of(song),
        queue_position=song.get("queue_position"),
        seconds_left=song.get("seconds_left"),
        error=error.get("message"),
        warnings=list(song.get("warnings", ())),
        favourite=bool(song.get("favourite")),
        tags=list(song.get("tags", ())),
        lyrics=plan.get("lyrics", ""),
        links={role: url for role, url in links(song).items() if _is_shown(role)},
        variations=[each for each in song.get("sibling_ids", ()) if each != song["id"]],
    )


def progress_of(song: Mapping[str, Any]) -> float:
    """How far a song is, 0 to 1: the sound is most of the work."""
    if song["status"] in _ENDED:
        return 1.0
    parts: Mapping[str, Mapping[str, Any]] = song.get("progress") or {}
    share = {"lyrics": 0.1, "music": 0.8, "separate": 0.8, "cover": 0.1}
    if "music" in parts:
        parts = {**parts, "lyrics": {"fraction": 1.0}}
    done: float = sum(share.get(part, 0.0) * float(facts["fraction"]) for part, facts in parts.items())
    return round(min(done, 0.99), 3)


def stage_of(song: Mapping[str, Any]) -> str:
    """What is being done for a song, in a few words."""
    parts: Mapping[str, Mapping[str, Any]] = song.get("progress") or {}
    stages = [f"{part}: {facts['stage']}" for part, facts in parts.items() if facts["fraction"] < 1.0]
    return ", ".join(stages) or str(song["status"])


def song_list(page: Mapping[str, Any]) -> SongList:
    """A page of the library, as the API answers it."""
    names = set(ListedSong.model_fields) - {"song_id"}
    songs = [ListedSong(song_id=song["id"], **{name: song[name] for name in names}) for song in page["songs"]]
    return SongList(songs=songs, next_cursor=page.get("next_cursor"))


def price(quote: Mapping[str, Any]) -> Price:
    """A quote, as the API answers it."""
    seconds, usd = quote.get("seconds") or {}, quote.get("usd") or {}
    return Price(
        measured_songs=quote["songs"],
        seconds=seconds.get("p50"),
        seconds_at_most=seconds.get("p90"),
        usd=usd.get("p50"),
        usd_at_most=usd.get("p90"),
        notes=list(quote["notes"]),
    )


def _is_shown(role: str) -> bool:
    return role not in _UNSHOWN and not role.startswith("stem:")
