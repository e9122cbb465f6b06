"""The sentences of the page that a translation must have: what its documents say, and what its modules pass
to ``t``."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

WEB = Path(__file__).parent.parent.parent / "orchestrator" / "server" / "web"
LANGUAGES = tuple(sorted(path.stem for path in (WEB / "languages").glob("*.js")))
_ATTRIBUTES = ("placeholder", "aria-label", "title", "alt")
_VOID = {"meta", "link", "input", "img", "br", "hr", "source", "path", "rect"}
_CALL = re.compile(r"\bt\(\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^)])")
_ENTRY = re.compile(r'^\s*("(?:[^"\\]|\\.)*"):\s*("(?:[^"\\]|\\.)*"),?\s*$', re.M)
_TABLES = {
    "bar.js": ("LOOP_WORDS",),
    "change.js": ("VERBS",),
    "pickers.js": ("GENRES", "LANGUAGES"),
    "progress.js": ("NAMES", "STATUS_WORDS"),
    "rows.js": ("MADE_FROM",),
    "song.js": ("DOWNLOADS", "ENGINES"),
    "stems.js": ("NAMES",),
    "surprise.js": ("EXAMPLES",),
    "terms.js": ("SECTIONS", "DOINGS", "STEPS"),
}
"""Tables whose values are passed to ``t``: of a list of pairs those beside what the program means by them."""
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FIRST_OF_PAIRS = frozenset({"EXAMPLES"})
_VALUE = re.compile(r"\{(\w+)\}")


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._open: list[bool] = []
        """For each open element, whether what is in it stays as it is."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        stays = any(self._open[-1:]) or tag in ("script", "style", "head") or given.get("translate") == "no"
        if not stays:
            self.found |= {text for name in _ATTRIBUTES if (text := given.get(name)) and _is_sentence(text)}
        if tag not in _VOID:
            self._open.append(stays)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not any(self._open[-1:]) and _is_sentence(text):
            self.found.add(text)


def of_document(path: Path) -> set[str]:
    """The sentences of an HTML document, as ``translate`` of words.js looks them up."""
    texts = _Texts()
    texts.feed(path.read_text())
    return texts.found


def of_share_pages() -> set[str]:
    """The sentences that the server writes into the pages of share links."""
    page = (WEB.parent / "api" / "responses" / "share_page.py").read_text()
    route = (WEB.parent / "api" / "routes" / "sharing.py").read_text()
    whys = re.findall(r'no_song_page\(\d+, "([^"]+)"\)', route)
    written = re.findall(r'_element\("\w+", "([^"]+)"\)|<span>([^<]+)</span>', page)
    assert whys
    assert written
    return {*whys, *(one or other for one, other in written)}


def of_module(path: Path) -> tuple[set[str], list[str]]:
    """The sentences that a module passes to ``t``, and the calls with something else than a literal."""
    sentences, others = set(), []
    for match in _CALL.finditer(path.read_text()):
        literal = match[1]
        if literal[0] == '"':
            sentences.add(json.loads(literal))
        elif literal[0] == "'":
            sentences.add(literal[1:-1].replace('\\"', '"').replace("\\'", "'"))
        else:
            others.append(match[0])
    for name in _TABLES.get(path.name, ()):
        sentences |= _values_of(path.read_text(), name)
    return sentences, others


def _values_of(text: str, name: str) -> set[str]:
    body = re.search(rf"const {name} = ([{{\[].*?[}}\]]);\n", text, re.S)
    assert body, name
    if body[1].startswith("{"):
        return set(re.findall(r':\s*"((?:[^"\\]|\\.)*)"', body[1]))
    if pairs := re.findall(r'\[\s*"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\s*\]', body[1]):
        return {pair[0 if name in _FIRST_OF_PAIRS else 1] for pair in pairs}
    return set(_STRING.findall(body[1]))


def table_of(language: str) -> dict[str, str]:
    """The translations of a language."""
    text = (WEB / "languages" / f"{language}.js").read_text()
    return {json.loads(key): json.loads(value) for key, value in _ENTRY.findall(text)}


def values_in(sentence: str) -> list[str]:
    """The names of the values that a sentence takes."""
    return sorted(_VALUE.findall(sentence))


def _is_sentence(text: str) -> bool:
    """``$body`` and the like are filled in by the server."""
    return any(character.isalpha() for character in text) and not text.startswith("$")
