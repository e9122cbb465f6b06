"""Cleans text that people paste: invisible characters, line ends, and what the web adds to plain words."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable

_ESCAPES = re.compile("\x1b\\[[0-9;?]{0,16}[A-Za-z]")  # a terminal's colours
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_SPACES = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\u2800\u3164\uffa0]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufe00-\ufe0d\ufeff\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_JOINERS = re.compile("[\u200c\u200d\ufe0e\ufe0f]+")
_JOINING_SCRIPTS = ((0x0600, 0x08FF), (0x0900, 0x0DFF), (0x1000, 0x109F), (0x1780, 0x18AF), (0xFB50, 0xFEFC))
"""From Arabic to Sinhala, Burmese, Khmer, Mongolian, Arabic's forms: joiners change their letters."""
_VIRAMA = 9  # its canonical combining class


def stripped(text: str, *, lines: bool) -> str:
    """``text`` without characters that nobody sees (control, zero-width, bidirectional), in Unicode's
    form NFC, with every space as " ". Joiners stay where a script or an emoji needs them. With
    ``lines``, every line end is ``"\\n"``; without, it is a space. Idempotent."""
    if text.isascii() and text.isprintable():
        return text
    text = _SPACES.sub(" ", _LINE_ENDS.sub("\n", _ESCAPES.sub("", text)))
    text = _JOINERS.sub(_needed, unicodedata.normalize("NFC", _UNSEEN.sub("", text)))
    text = unicodedata.normalize("NFC", text)
    return text if lines else text.replace("\n", " ")


def _needed(match: re.Match[str]) -> str:
    """What of a run of joiners and emoji selectors changes what is seen."""
    run, text = match[0], match.string
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if not before:
        return ""
    if unicodedata.category(before) in ("So", "Sk", "Sm", "Po") or (before.isdecimal() and after == "\u20e3"):
        selector = run[0] if run[0] in "\ufe0e\ufe0f" else ""
        joined = "\u200d" in run and after and unicodedata.category(after) in ("So", "Sm")
        return selector + ("\u200d" if joined else "")
    joiner = next((letter for letter in run if letter in "\u200c\u200d"), "")
    of_script = _is_joining(before) and (_is_joining(after) or unicodedata.combining(before) == _VIRAMA)
    return joiner if of_script else ""


def _is_joining(letter: str) -> bool:
    return bool(letter) and any(low <= ord(letter) <= high for low, high in _JOINING_SCRIPTS)


_MOST_LAYERS = 6
"""Text that is still encoded after so many decodings is nobody's."""
_LEFT = re.compile(r"[<>&*_~`#|]|\[(?=/?[A-Za-z*]+(?:=[^\[\]]*)?\])|(?<=\])\(")


def plain(text: str) -> str:
    """``text`` from the web as plain words, line by line: entities are decoded, marks of HTML, Markdown and
    BBCode removed. What is none ("f**k", "I <3 you", "2 * 3", "<chorus>") stays. Idempotent."""
    if not _MARKS.search(text):
        return text
    return _settled(text, lambda each: "\n".join(map(without_markdown, _without_html(each).split("\n"))))


def without_html(text: str) -> str:
    """``text`` as ``plain`` gives it, but with the marks of Markdown's lines. Idempotent."""
    return _settled(text, _without_html) if _MARKS.search(text) else text


def _settled(text: str, step: Callable[[str], str]) -> str:
    """``text`` after ``step`` until it changes no more; what then is still encoded loses its marks."""
    for _ in range(_MOST_LAYERS):
        before = text
        text = step(text)
        if text == before:
            return text
    return _LEFT.sub(" ", text)


_MARKS = re.compile(r"[<>&*_~`#\[\]!+|•-]|^\s*\d")
_AMPERSANDS = re.compile(r"&(?:(?:amp|#0{0,5}38|#x0{0,5}26);)+", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_BARE_ENTITY = re.compile(r"&(nbsp|quot|amp|lt|gt|apos)(?![\w;=])")
_BLOCKS = re.compile(r"<(script|style|noscript|iframe|svg|head)\b[^<>]*>|<!--|<!\[CDATA\[|<\?", re.IGNORECASE)
_CLOSERS = {"<!--": "-->", "<![cdata[": "]]>", "<?": "?>"}
_LINE_TAG = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|h[1-6]|blockquote|pre|hr)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|article|aside|audio|b|big|body|button|center|cite|code|col|dd|del|details|dfn|dl|dt|em|embed|"
    r"figcaption|figure|font|footer|form|header|html|i|img|input|ins|kbd|label|link|main|mark|meta|nav|nobr|object|"
    r"option|param|q|rp|rt|ruby|s|samp|section|select|small|source|span|strike|strong|sub|summary|sup|table|tbody|"
    r"td|textarea|tfoot|th|thead|time|title|tt|u|var|video|wbr|x-[\w-]+|!doctype)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"\\([\[\]*_#`~>])")
_BB_CLOSED = re.compile(r"\[/([A-Za-z][A-Za-z0-9]*|\*)\]")
_BB_NAMES = frozenset(
    """
    * b i u s h1 h2 h3 url img color colour size font quote center code spoiler list left right sup sub
    """.split()
)
_BB_OPEN = re.compile(r"\[([A-Za-z]+)(=[^\[\]\n]*)?\]")


def _without_html(text: str) -> str:
    """``text`` with entities decoded once, without links and tags. A tag that ends a line ends it."""
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), _AMPERSANDS.sub("&", text))
    text = _BARE_ENTITY.sub(lambda match: html.unescape(match[0] + ";"), text)
    text = _ESCAPED.sub(r"\1", text)
    if "<" in text:
        text = _TAG.sub("", _LINE_TAG.sub("\n", _without_blocks(text)))
        text = _AUTOLINK.sub("", text)
    if "[" in text:
        text = _LINK.sub(lambda match: "" if match[0][0] == "!" else match[1], text)
        closed = {name.lower() for name in _BB_CLOSED.findall(text)} & _BB_NAMES
        text = _BB_CLOSED.sub(lambda each: "" if each[1].lower() in _BB_NAMES else each[0], text)
        text = _BB_OPEN.sub(lambda match: "" if _is_bb(match, closed) else match[0], text)
    return text


def _is_bb(match: re.Match[str], closed: set[str]) -> bool:
    name = match[1].lower()
    return name in closed or (match[2] is not None and name in _BB_NAMES)


def _without_blocks(text: str) -> str:
    """``text`` without scripts, styles and comments, and what is in them. One left open stays."""
    kept, at = [], 0
    lower, missing = text.lower(), set[str]()
    if len(lower) != len(text):  # a letter of another length in lower case: positions would differ
        return text
    for match in _BLOCKS.finditer(text):
        if match.start() < at:
            continue
        closer = _CLOSERS.get(match[0].lower()) or f"</{match[1].lower()}>"
        end = lower.find(closer, match.end()) if closer not in missing else -1
        if end < 0:
            missing.add(closer)
            continue
        kept.append(text[at : match.start()])
        at = end + len(closer)
    return "".join((*kept, text[at:]))


_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*[\w-]*\s*")
_RULE = re.compile(r"\s*([-*_=])(?:\s*\1){2,}\s*")
_QUOTE = re.compile(r"^(?:\s*>)+(?![-:)(<])\s?")
_BULLET = re.compile(r"^\s*[-*+•◦‣]\s+(?=\S)")
_NUMBER_SIGN = re.compile(r"^\s*#{1,6}\s+(?=\S)")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((?:https?://|www\.|mailto:|/|#)[^\s()]*(?:\s+\"[^\"\n()]*\")?\)")
_AUTOLINK = re.compile(r"<(?:https?://|mailto:)[^\s<>]*>")
_CODE = re.compile(r"(`{1,2})([^`\n]+)\1")
_EMPHASIS = (
    re.compile(r"(?<![\w*\\])(\*{1,3})(?=[^\s*])([^*\n]*)(?<=[^\s*])\1(?![\w*])"),
    re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^_\n]*)(?<=[^\s_])\1(?!\w)"),
    re.compile(r"(?<![\w~])(~~)(?=[^\s~])([^~\n]*)(?<=[^\s~])\1(?![\w~])"),
)


def without_markdown(line: str) -> str:
    """``line`` without Markdown's marks, once: emphasis, headings, bullets, quotes, code."""
    if not _MARKS.search(line):
        return line
    if _FENCE.fullmatch(line) or _RULE.fullmatch(line):
        return ""
    line = _BULLET.sub("", _NUMBER_SIGN.sub("", _QUOTE.sub("", line)))
    line = _CODE.sub(r"\2", line)
    for emphasis in _EMPHASIS:
        line = emphasis.sub(r"\2", line)
    return line
