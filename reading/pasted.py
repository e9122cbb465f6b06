"""What people paste around lyrics and nobody sings: titles, styles, credits, addresses, a chat's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from reading.headings import dressed

_STYLE_KEYS = (
    r"(?:music(?:al)? |song )?(?:styles?|genres?|moods?|vibe)(?: of music| prompt)?|bpm|tempo|"
    r"key(?: signature)?|"
    r"time signature|metre|meter|tags|instrument(?:s|ation)|vocals?(?: style)?|production|"
    r"género|genero|estilo|gênero|stil|stimmung|ritmo|humeur|ambiance|стиль|жанр|темп|настроение|"
    r"风格|風格|曲风|曲風|速度|ジャンル|スタイル|テンポ|장르|스타일"
)
_TITLE_KEYS = (
    r"(?:song |track )?title|song(?: name)?|track name|título|titulo|titre|titel|tytuł|название|"
    r"标题|標題|歌名|タイトル|曲名|제목"
)
_OTHER_KEYS = (
    r"artists?|singers?|performed by|album|lyrics by|lyricist|music by|words by|"
    r"(?:words|lyrics) (?:and|&) music(?: by)?|written by|composed by|composers?|produced by|producers?|"
    r"writers?|songwriters?|arranged by|featuring|released?(?: date)?|year|label|duration|length|language|"
    r"theme|prompt|negative prompt|description|copyright|publisher|source|capo|tuning|letra y música|"
    r"paroles et musique|исполнитель|автор|слова|музыка|作词|作曲|作詞|编曲|編曲|歌手|演唱|작사|작곡|편곡"
)
_KEYED = re.compile(
    rf"[-*•\s]*(?:(?P<style>{_STYLE_KEYS})|(?P<title>{_TITLE_KEYS})|(?P<other>{_OTHER_KEYS}))"
    r"\s*[:：=]\s*(?P<value>.*)",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\s*(?:music style|style of music|genres?|bpm|tempo|song title|written by|composed by|"
    r"produced by|lyrics by|"
    r"time signature|instrumentation|negative prompt)\s*[:：=]\s*\S",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"[-*•\s]*(?:[\w ]*\bprompt|description|style|style of music|genre)\s*[:：]", re.IGNORECASE
)
"""Keys whose value may go on in the lines under them."""
_CREDIT = re.compile(
    r"(?:©|℗|\(c\)\s|\(p\)\s|copyright\b.*(?:\d{4}|©)|all rights reserved|source:|lyrics ©|more on genius|"
    r"(?:(?:song|music|lyrics?|words|arrangement) )?(?:and \w+ )?(?:written|composed|produced|"
    r"arranged|performed|"
    r"licensed|provided|translated|submitted|powered)(?: (?:and|&) \w+)? by(?::| (?-i:[A-Z]))|"
    r"(?:(?:words|lyrics) (?:and|&) music|song|music|lyrics|words) by(?::| (?-i:[A-Z]))|"
    r"lyrics (?:provided|licensed|powered|from|courtesy)\b)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?:full |song |the )*(?:lyrics?\s*[:：]*|(?:letra|paroles|songtexte?|liedtext|testo|"
    r"текст(?: песни)?|слова|"
    r"tekst|歌词|歌詞|가사|sözleri|lirik)\s*[:：]+)",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|absolutely|great|no problem|gladly)\b[^\n]*|"
    r"(?:here(?:'s|’s| is| are)|below (?:is|are)|this is|i(?:'ve|’ve| have) written|voici|"
    r"aquí (?:está|tienes)|"
    r"hier ist)\b[^\n]*\b(?:lyrics?|song|verse|version|draft|letra|canción|paroles|songtext|lied)\b[^\n]*)",
    re.IGNORECASE,
)
_CLOSER = re.compile(
    r"(?:let me know\b|(?:i )?hope (?:you|this|that)\b|feel free\b|would you like\b|enjoy[!.]|"
    r"if you(?:'d|’d| would) like\b|do you want me\b|want me to\b)[^\n]*",
    re.IGNORECASE,
)
_ABOUT_TEXT = re.compile(
    r"\b(?:lyrics?|song|verses?|chorus|changes?|adjust\w*|tweak\w*|edit\w*|style|version)\b", re.I
)
_ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s<>]+>?")
_CONTRIBUTORS = re.compile(r"\d+ Contributors?(?![a-z]).*")
_LIKED = re.compile(r"You might also like(?=$|\[|[A-Z\"'(])")
_EMBED = re.compile(r"\d*K?Embed$")
_TICKETS = re.compile(r"See .{1,60} LiveGet tickets as low as \$\d+.*")
_SOUND = re.compile(
    r"\b(?:pop|rock|jazz|blues|folk|country|metal|punk|indie|soul|funk|disco|house|techno|trance|synth\w*|ambient|"
    r"lo-?fi|hip[- ]?hop|trap|rap|reggae|latin|gospel|cinematic|classical|edm|r&b|ballad|acoustic|"
    r"electronic|bpm|"
    r"tempo|vocals?|upbeat|melancholi\w+|dreamy|guitars?|piano|drums?|808s?|strings|male|female|k-?pop|j-?pop|"
    r"orchestral|anthemic|groovy|atmospheric)\b",
    re.IGNORECASE,
)
_BPM = re.compile(r"\b\d{2,3}\s?bpm\b", re.IGNORECASE)


_LONGEST_NOTE = 8  # lines


@dataclass
class Pasted:
    """Lines without what is no part of the lyrics."""

    lines: list[str]
    left_out: set[int] = field(default_factory=set)
    """The indices of lines that were left out; they are ``""`` in ``lines``."""
    title: str = ""
    style: str = ""
    """What the notes say of genre, mood and tempo, as one description ("dreamy pop, 120 BPM")."""
    notes: list[str] = field(default_factory=list)
    """The lines that were left out, as written."""

    def leave_out(self, n: int, line: str) -> None:
        self.notes.append(line.strip())
        self.left_out.add(n)
        self.lines[n] = ""


def without_notes(lines: Sequence[str]) -> Pasted:
    """``lines`` without notes about the song, which are kept apart. A line left out is ``""`` in
    ``lines``."""
    found = Pasted(list(lines))
    for n, line in enumerate(lines):
        found.lines[n] = _without_site(line)
        if line.strip() and not found.lines[n].strip():
            found.leave_out(n, line)
    _take_last_paragraph(found)
    written = [n for n, line in enumerate(found.lines) if line.strip()]
    opened = titled = False
    for n in written:
        line = _bare(found.lines[n])
        if not (titled or found.title) and not _KEYED.fullmatch(line) and _is_title(found.lines, n):
            found.title, titled = line.strip("\"“”„«»'#*_ "), True
        elif not opened and _OPENER.fullmatch(line) and (line[-1] in ":：" or "lyrics" in line.lower()):
            opened = True
        elif _is_style(found, n, lines[n + 1 : n + 2], lines[n + 1 :]):
            pass
        elif not (_take_keyed(found, line) or _HEADER.fullmatch(line) or _CREDIT.match(line)):
            break
        found.leave_out(n, found.lines[n])
    for n in reversed([n for n in written if n not in found.left_out]):
        line = _bare(found.lines[n])
        closes = _CLOSER.fullmatch(line) and (opened or _ABOUT_TEXT.search(line))
        noted = closes or _take_keyed(found, line) or _CREDIT.match(line)
        if not (noted or _is_style(found, n, lines[max(0, n - 1) : n], lines[:n])):
            break
        found.leave_out(n, found.lines[n])
    for n in written:
        line = _bare(found.lines[n])
        if line and ((_STRONG.match(line) and _take_keyed(found, line)) or _ADDRESS.fullmatch(line)):
            found.leave_out(n, found.lines[n])
    return found


def _bare(line: str) -> str:
    """``line`` without brackets and emphasis around it."""
    line = line.strip().strip("*_`#> ")
    if line[:1] in ("[", "{") and line[-1:] in ("]", "}") and (":" in line or "：" in line):
        line = line[1:-1].strip()
    return line.replace(":**", ":").replace("**:", ":") if "**" in line else line


def _take_keyed(found: Pasted, line: str) -> bool:
    """Whether ``line`` is a note such as "Genre: pop". What it says is kept."""
    match = _KEYED.fullmatch(line) if len(line) <= 1000 else None
    if match is None or dressed(line) is not None:
        return False
    value = match["value"].strip().strip('"“”*_ ')
    if match["title"] and value:
        found.title = found.title or value
    elif match["style"] and value:
        key = match["style"].lower()
        if key in ("bpm", "tempo") and re.fullmatch(r"\d{2,3}(?:[.,]\d)?", value):
            value += " BPM"
        found.style = ", ".join(filter(None, (found.style, value)))
    return True


def _is_title(lines: Sequence[str], n: int) -> bool:
    """Whether the first line is the title: quoted, bold or a Markdown heading, with a blank line under it."""
    line = lines[n].strip()
    quoted = re.fullmatch(r"[\"“„«*_]{1,3}[^\"“”„«»*_]{1,80}[\"”“»*_]{1,3}", line)
    if not (quoted or re.fullmatch(r"#{1,6}\s+[^#]{1,80}", line)) or dressed(line) is not None:
        return False
    following = [each.strip() for each in lines[n + 1 : n + 3]]
    return (
        line[0] == "#"
        or (following[:1] == [""] and len(following) == 2)
        or bool(following and dressed(following[0]))
    )


def _is_style(found: Pasted, n: int, beside: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a paragraph of one line describes the sound: "dreamy pop, female vocals, 120 BPM". A
    blank line is ``beside`` it, and words are among the ``others``."""
    line = found.lines[n].strip()
    if len(line) > 400 or any(each.strip() for each in beside) or not any(each.strip() for each in others):
        return False
    parts = [part for part in re.split(r"[,;.]", line) if part.strip()]
    sounds = sum(_SOUND.search(part) is not None for part in parts)
    if not (_BPM.search(line) or (len(parts) >= 3 and sounds >= 2 and 2 * sounds >= len(parts))):
        return False
    found.style = ", ".join(filter(None, (line.rstrip("."), found.style)))
    return True


def _take_last_paragraph(found: Pasted) -> None:
    """Takes a last paragraph whose first line is such as "Style:", as a whole."""
    end = len(found.lines)
    while end and not found.lines[end - 1].strip():
        end -= 1
    start = end
    while start and found.lines[start - 1].strip():
        start -= 1
    if not start or end - start > _LONGEST_NOTE or not _ABOVE.match(_bare(found.lines[start])):
        return
    for n in range(start, end):
        line = _bare(found.lines[n])
        if not _take_keyed(found, line):
            found.style = ", ".join(filter(None, (found.style, line)))
        found.leave_out(n, found.lines[n])


def _without_site(line: str) -> str:
    """``line`` without what lyrics sites put around it."""
    if (
        _CONTRIBUTORS.fullmatch(line.strip())
        or _TICKETS.fullmatch(line.strip())
        or line.strip() == "Read More"
    ):
        return ""
    line = _LIKED.sub("", line)
    return _EMBED.sub("", line) if line.endswith("Embed") else line
