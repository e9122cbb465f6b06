"""The ``Prefer`` header of a request: whether to wait for its song, and for how long (RFC 7240)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SECONDS = re.compile("[0-9]{1,20}", re.ASCII)
_MOST_S = 86_400.0
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True)
class Preferences:
    """What a client prefers."""

    respond_async: bool = False
    """Whether it is to be answered before the song is done."""
    wait: float | None = None
    """Seconds that it waits for the song, at most; None if it did not say."""
    listen: bool = False
    """Whether it wants to hear the song while it is made."""

    @property
    def wait_s(self) -> float | None:
        """Seconds to wait before the answer 202; None is until the song is done."""
        return 0.0 if self.respond_async and self.wait is None else self.wait

    def applied(self, *, ended: bool, heard: bool = False) -> str:
        """``Preference-Applied`` for a response; empty if nothing was preferred. With ``ended`` it has the
        song's end, so it was not asynchronous; ``heard``: whether the song can be heard while it is made."""
        applied = ["respond-async"] if self.respond_async and not ended else []
        if self.wait is not None:
            applied.append(f"wait={self.wait:.0f}")
        if self.listen and heard and not ended:
            applied.append("listen")
        return ", ".join(applied)


def preferences_of(headers: Iterable[str]) -> Preferences:
    """The preferences of all ``Prefer`` headers together. The first of a name holds; unknown ones, and those
    with a value that means nothing, are ignored."""
    values: dict[str, str] = {}
    for preference in _split(",".join(headers), ","):
        for place, part in enumerate(_split(preference, ";")):
            name, value = _named(part)
            if place == 0:
                values.setdefault(name, value)
                first = name
            elif (first, name) == ("respond-async", "wait"):  # a slip that is easily made
                values.setdefault(name, value)
    wait = values.get("wait", "")
    return Preferences(
        respond_async=values.get("respond-async") == "",
        wait=min(float(wait), _MOST_S) if _SECONDS.fullmatch(wait) else None,
        listen=values.get("listen") == "",
    )


def _named(part: str) -> tuple[str, str]:
    """Name and value of ``name``, ``name=value`` or ``name="value"``."""
    name, _, value = part.partition("=")
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = _ESCAPED.sub(r"\1", value[1:-1])
    return name.strip().lower(), value


def _split(text: str, sign: str) -> Iterator[str]:
    """The parts of ``text`` between the ``sign``s that are in no quoted string."""
    start, quoted, escaped = 0, False, False
    for at, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and letter == "\\":
            escaped = True
        elif letter == '"':
            quoted = not quoted
        elif letter == sign and not quoted:
            yield text[start:at]
            start = at + 1
    yield text[start:]
