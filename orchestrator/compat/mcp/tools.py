"""The tools, each a call or two of the service's API. Making a song and waiting for it are two tools: a song
goes on whatever becomes of the call."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pydantic import BaseModel

from lyrics.contract import SongPlan
from orchestrator.compat.mcp.calls import Calls, Refused, song_path
from orchestrator.compat.mcp.inputs import (
    ExtendSong,
    ListSongs,
    MakeSong,
    MakeSongWithLyrics,
    OneSong,
    PlanSong,
    PriceSong,
    RepaintSong,
    UpdateSong,
    WaitForSong,
)
from orchestrator.compat.mcp.outputs import (
    Price,
    SongFacts,
    SongList,
    price,
    progress_of,
    song_facts,
    song_list,
    stage_of,
)

_AT_ONCE = "respond-async"
_LOOK_EVERY_S = 1.0

Report = Callable[[float, str], Awaitable[None]]
"""Takes the progress, 0 to 1, and what is being done."""


class Output(Protocol):
    """A tool's answer."""

    def text(self) -> str:
        """It, in a few lines for the agent to read."""
        ...

    def model_dump(self, *, mode: str) -> dict[str, Any]: ...


class PlanFacts(SongPlan):
    """The plan of a song. Edit it as you like and give it to make_song as `plan`."""

    def text(self) -> str:
        """The plan in a few lines."""
        facts = f"{self.genre}, {self.mood}, {self.tempo_bpm:g} BPM, {self.key}, voice: {self.voice}"
        return "\n".join([f"{self.title!r}: {facts}", *self.warnings, "", self.lyrics]).strip()


@dataclass(frozen=True)
class Tool:
    """A tool: what agents read of it, and what it does."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    run: Callable[[Any, Calls, Report], Awaitable[Output]]
    reads: bool = False
    """Whether it changes nothing."""
    ends: bool = False
    """Whether it ends what goes on."""
    repeatable: bool = False
    """Whether a second call changes nothing more."""


async def _make(given: MakeSong, calls: Calls, _report: Report) -> Output:
    return await _begun(calls, "/generate-from-description", given.body())


async def _make_with_lyrics(given: MakeSongWithLyrics, calls: Calls, _report: Report) -> Output:
    return await _begun(calls, "/generate-with-lyrics", given.body())


async def _extend(given: ExtendSong, calls: Calls, _report: Report) -> Output:
    return await _begun(calls, song_path(given.song_id, "/extend"), given.body())


async def _repaint(given: RepaintSong, calls: Calls, _report: Report) -> Output:
    return await _begun(calls, song_path(given.song_id, "/repaint"), given.body())


async def _begun(calls: Calls, path: str, body: dict[str, object]) -> SongFacts:
    return song_facts(await calls.json("POST", path, body, prefer=_AT_ONCE), calls.links)


async def _plan(given: PlanSong, calls: Calls, _report: Report) -> Output:
    return PlanFacts.model_validate(await calls.json("POST", "/plan", given.body()))


async def _get(given: OneSong, calls: Calls, _report: Report) -> Output:
    return song_facts(await calls.json("GET", song_path(given.song_id)), calls.links)


async def _wait(given: WaitForSong, calls: Calls, report: Report) -> Output:
    """Looks at the song again and again. Where the service says that it was asked too often, it waits as
    long as it says."""
    until_s = time.monotonic() + given.timeout_s
    most = -1.0
    song: dict[str, Any] | None = None
    while True:
        pause_s = _LOOK_EVERY_S
        try:
            song = await calls.json("GET", song_path(given.song_id))
        except Refused as refusal:
            if song is None or not refusal.retry_s:
                raise
            pause_s = refusal.retry_s
        facts = song_facts(song, calls.links)
        if (progress := progress_of(song)) > most:  # it may only grow
            most = progress
            await report(progress, stage_of(song))
        left_s = until_s - time.monotonic()
        if facts.ended or left_s <= 0 or not await calls.pause(given.song_id, min(pause_s, left_s)):
            return facts


async def _list(given: ListSongs, calls: Calls, _report: Report) -> Output:
    return song_list(await calls.json("GET", "/songs", query=given.parameters()))


async def _update(given: UpdateSong, calls: Calls, _report: Report) -> Output:
    return song_facts(await calls.json("PATCH", song_path(given.song_id), given.body()), calls.links)


async def _cancel(given: OneSong, calls: Calls, _report: Report) -> Output:
    return song_facts(await calls.json("POST", song_path(given.song_id, "/cancel")), calls.links)


async def _price(given: PriceSong, calls: Calls, _report: Report) -> Output:
    return price(await calls.json("POST", "/quote", given.body()))


_NEXT = "It answers at once with the song's id, and the song is made meanwhile: then call wait_for_song."
TOOLS = (
    Tool(
        "make_song",
        "Make a song",
        f"Makes a finished song (lyrics, sung vocal, music, cover) from a description. {_NEXT}",
        MakeSong,
        SongFacts,
        _make,
    ),
    Tool(
        "make_song_with_lyrics",
        "Make a song with given words",
        f"Makes a song that sings the words you give, in the style you describe. {_NEXT}",
        MakeSongWithLyrics,
        SongFacts,
        _make_with_lyrics,
    ),
    Tool(
        "plan_song",
        "Plan a song",
        "Writes the plan of a song (title, lyrics, tempo, key, instruments) and makes no sound. Show it to "
        "the user, change what they like, and give it to make_song as `plan`.",
        PlanSong,
        PlanFacts,
        _plan,
        reads=True,
    ),
    Tool(
        "extend_song",
        "Make a song longer",
        f"Makes a new song: the given one, and more at its end or before its beginning. {_NEXT}",
        ExtendSong,
        SongFacts,
        _extend,
    ),
    Tool(
        "repaint_song",
        "Make a part of a song anew",
        f"Makes a new song: the given one, with other music between two seconds of it. {_NEXT}",
        RepaintSong,
        SongFacts,
        _repaint,
    ),
    Tool(
        "get_song",
        "Look at a song",
        "Tells how far a song is; of a finished one its facts, its lyrics and links to its files.",
        OneSong,
        SongFacts,
        _get,
        reads=True,
    ),
    Tool(
        "wait_for_song",
        "Wait for a song",
        "Waits until a song is done, with progress, and answers as get_song does. After `timeout_s` it "
        "answers what there is: call it again while `ended` is false.",
        WaitForSong,
        SongFacts,
        _wait,
        reads=True,
    ),
    Tool(
        "list_songs",
        "List or search songs",
        "Lists the library, newest first, or the songs that have the words of `query`, the status, genre, "
        "tag or mark that you give.",
        ListSongs,
        SongList,
        _list,
        reads=True,
    ),
    Tool(
        "update_song",
        "Rename, mark or tag a song",
        "Gives a song another title, makes it a favourite or not, or sets its tags. Its sound stays.",
        UpdateSong,
        SongFacts,
        _update,
        repeatable=True,
    ),
    Tool(
        "cancel_song",
        "Stop making a song",
        "Stops a song that waits or is being made. What was made of it is kept; it is not deleted.",
        OneSong,
        SongFacts,
        _cancel,
        ends=True,
        repeatable=True,
    ),
    Tool(
        "price_song",
        "What a song would take and cost",
        "Tells the usual time and price of a song before it is made. It makes and reserves nothing.",
        PriceSong,
        Price,
        _price,
        reads=True,
    ),
)
