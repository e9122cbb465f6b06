"""The page of a share link: a song with its cover, its words and a player, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

from orchestrator.songs.manifest import Song
from reading.headings import heading

_WEB = Path(__file__).parent.parent.parent / "web"
UNLISTED = {"X-Robots-Tag": "noindex"}
_HEADERS = {
    # A bucket's own addresses are on another host.
    "Content-Security-Policy": "default-src 'none'; img-src 'self' https:; media-src 'self' https:; "
    "style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-cache",
    **UNLISTED,
}
_SECTION = re.compile(r"(?P<name>.+?)(?: (?P<number>\d+))?(?: - (?P<manner>.+))?")


def song_page(song: Song, address: str, expires: int) -> HTMLResponse:
    """The page of ``song`` at ``address``, below which are its ``audio`` and its ``cover``. What users wrote
    is escaped."""
    title = song.title or "A song"
    audio = f"{address}/audio"
    facts = [
        ("og:type", "music.song"),
        ("og:site_name", "Songwright"),
        ("og:title", title),
        ("og:url", address),
    ]
    facts += [("og:audio", audio), ("og:audio:type", song.assets["audio"].content_type)]
    body = []
    if "cover" in song.assets:
        cover = f"{address}/cover"
        facts += [("og:image", cover), ("og:image:type", song.assets["cover"].content_type)]
        body.append(
            _element("img", "", src=_path(cover), alt="", width="1024", height="1024", **{"class": "cover"})
        )
    body.append(_element("h1", title, translate="no"))
    if song.music:
        facts.append(("music:duration", str(round(song.music.duration_s))))
    player = {
        "controls": "",
        "preload": "metadata",
        "src": _path(audio),
        "aria-label": title,
        "translate": "no",
    }
    body.append(_element("audio", "", **player))
    if song.plan and song.plan.lyrics:
        body += _words(song.plan.lyrics)
    until = datetime.fromtimestamp(expires, UTC)
    shown = _element("time", f"{until:%Y-%m-%d %H:%M} UTC", datetime=until.isoformat())
    body.append(f'<p class="hint"><span>This link works until</span> {shown}.</p>')
    head = [f'<meta property="{name}" content="{escape(value)}">' for name, value in facts]
    card = "summary_large_image" if "cover" in song.assets else "summary"
    head.append(f'<meta name="twitter:card" content="{card}">')
    return _page(200, title, head, body)


def no_song_page(status: int, why: str) -> HTMLResponse:
    """The page of a link that shows no song."""
    body = [_element("h1", "There is no song here"), _element("p", why)]
    return _page(status, "There is no song here", [], body)


def _words(lyrics: str) -> Iterator[str]:
    """The lyrics, with each section's tag as a heading above its lines."""
    lines: list[str] = []
    for line in [*lyrics.splitlines(), None]:
        tag = None if line is None else heading(line)
        if line is not None and tag is None:
            lines.append(line)
            continue
        if text := "\n".join(lines).strip("\n"):
            yield _element("p", text, translate="no", **{"class": "lyrics"})
        lines = []
        if tag and (found := _SECTION.fullmatch(tag)):
            yield _heading(**found.groupdict(""))


def _heading(name: str, number: str, manner: str) -> str:
    """The heading of a section, whose name share.js translates."""
    named = _element("span", name, **{"data-section": name})
    rest = f" {escape(number)}" if number else ""
    rest += f" {_element('span', manner, **{'class': 'hint'})}" if manner else ""
    return f'<h2 class="section" translate="no">{named}{rest}</h2>'


def _page(status: int, title: str, head: list[str], body: list[str]) -> HTMLResponse:
    values = {"title": escape(title), "head": "\n  ".join(head), "body": "\n    ".join(body)}
    return HTMLResponse(_template().substitute(values), status, _HEADERS)


@cache
def _template() -> Template:
    return Template((_WEB / "share.html").read_text())


def _element(name: str, text: str, **attributes: str) -> str:
    given = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{given}>" if name == "img" else f"<{name}{given}>{escape(text)}</{name}>"


def _path(address: str) -> str:
    """The address without its host: the page may be reached by another one than it names for others."""
    return "/" + address.split("/", 3)[3]
