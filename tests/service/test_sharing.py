"""Share links: they show one song for a time, and nothing else to anybody."""

import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser

import httpx
import pytest

from orchestrator.server.access.sharing import LONGEST_SHARE_S, SHARE_S, ShareLinks
from orchestrator.server.api.responses.share_page import song_page
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Status
from storage.local import LocalStore
from storage.signing import Signer
from tests.hostile.figures import resisted
from tests.orchestrator.songs import made_song
from tests.service.server import TOKEN, Server, serving
from tests.service.test_generation import describe
from tests.service.test_songs import until

MANY = {"SONGWRIGHT_WRONG_TOKENS_PER_MINUTE": "1000"}
PARTS = ("", "/audio", "/cover")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **MANY) as running:
        yield running


@pytest.fixture(scope="module")
def songs(server: Server) -> tuple[str, str]:
    """Two finished songs."""
    with server.client() as client:
        made = [client.post("/generate-from-description", json=describe(seed=seed)) for seed in (1, 2)]
        first, second = (answer.json()["id"] for answer in made)
        return first, second


@pytest.fixture
def reader(server: Server) -> Iterator[httpx.Client]:
    """Somebody who has no token."""
    with server.client(token="") as client:
        yield client


def shared(server: Server, song_id: str) -> str:
    """The path of a new link."""
    with server.client() as client:
        answer = client.post(f"/songs/{song_id}/share")
        assert answer.status_code == 200, answer.text
        url = str(answer.json()["url"])
    assert url.startswith(f"{server.url}/share/{song_id}.")
    return url.removeprefix(server.url)


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def sources(self, of: str) -> list[str | None]:
        return [facts.get("src") for tag, facts in self.found if tag == of]

    def properties(self) -> dict[str, str]:
        metas = [facts for tag, facts in self.found if tag == "meta" and "property" in facts]
        return {str(facts["property"]): str(facts["content"]) for facts in metas}


def test_a_link_shows_one_song_with_its_cover_words_and_player(
    server: Server, songs: tuple[str, str], reader: httpx.Client
) -> None:
    path = shared(server, songs[0])
    page = reader.get(path, params={"fbclid": "what a site adds"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    tags = Tags(page.text)
    facts = tags.properties()
    with server.client() as client:
        song = client.get(f"/songs/{songs[0]}").json()
        audio = client.get(f"/songs/{songs[0]}/audio").content
        cover = client.get(f"/songs/{songs[0]}/cover").content
    assert facts["og:title"] == song["title"]
    assert (facts["og:type"], facts["og:url"]) == ("music.song", server.url + path)
    assert reader.get(facts["og:image"]).content == cover
    assert reader.get(facts["og:audio"]).content == audio
    part = reader.get(facts["og:audio"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["x-robots-tag"]) == (206, "noindex")
    assert tags.sources("audio") == [f"{path}/audio"]
    assert tags.sources("img") == [f"{path}/cover"]
    assert tags.sources("script") == ["/page/share.js"]
    words = song["plan"]["lyrics"].splitlines()
    assert words[1] in page.text
    sections = [facts["data-section"] for _, facts in tags.found if "data-section" in facts]
    assert [line for line in words if line.startswith("[")][: len(sections)] == [f"[{s}]" for s in sections]
    assert "[" not in page.text
    assert not [secret for secret in (TOKEN, songs[1], "signature=") if secret in page.text]
    for other in ("/lyrics", "/midi", "/package", "/stems/vocals", "/song.json", "/"):
        assert reader.get(path + other).status_code == 404
    head = reader.head(path)
    assert (head.status_code, head.content) == (200, b"")


def altered(path: str, other: str) -> dict[str, str]:
    song_id, expires, signature = path.removeprefix("/share/").split(".")
    last = "0" if signature[-1] != "0" else "1"
    return {
        "of another song": f"{other}.{expires}.{signature}",
        "for longer": f"{song_id}.{int(expires) + 1}.{signature}",
        "for ever": f"{song_id}.999999999999.{signature}",
        "with another signature": f"{song_id}.{expires}.{signature[:-1]}{last}",
        "in capitals": f"{song_id}.{expires}.{signature.upper()}",
        "cut": f"{song_id}.{expires}.{signature[:-1]}",
        "without a signature": f"{song_id}.{expires}.",
        "with a digit of another script": f"{song_id}.\u0661{expires[1:]}.{signature}",
        "of nothing": "x",
        "without an end": "x" * 500,
    }


def test_what_is_altered_guessed_or_expired_shows_no_song(
    server: Server, songs: tuple[str, str], reader: httpx.Client
) -> None:
    path = shared(server, songs[0])
    for what, secret in altered(path, songs[1]).items():
        for part in PARTS:
            answer = reader.get(f"/share/{secret}{part}")
            assert answer.status_code == 404, what
            assert "There is no song here" in answer.text
            assert answer.headers["x-frame-options"] == "DENY"
    key = (server.home / ".songwright" / "signing-key").read_text().strip().encode()
    links = ShareLinks(Signer(key))
    assert reader.get(f"/share/{links.make(songs[0], 60)[0]}").status_code == 200  # the server's own key
    for part in PARTS:
        late = reader.get(f"/share/{links.make(songs[0], 0)[0]}{part}")
        assert (late.status_code, "has expired" in late.text) == (410, True)
    # The signature of one kind of address opens none of the other.
    with server.client() as client:
        signed = client.get(f"/songs/{songs[0]}").json()["urls"]["audio"]
    expires, signature = re.findall(r"(?:expires|signature)=([0-9a-f]+)", signed)
    assert reader.get(f"/share/{songs[0]}.{expires}.{signature}").status_code == 404
    _, expires, signature = path.removeprefix("/share/").split(".")
    file = signed.removeprefix(server.url).partition("?")[0]
    assert reader.get(file, params={"expires": expires, "signature": signature}).status_code == 403
    resisted(
        "share links altered, lengthened, expired, of another or a deleted song, embedded",
        limit="an HMAC of song and time, `frame-ancestors 'none'`",
        figure="404 or 410; a log line has `/share/...`",
    )


def test_how_long_a_link_is_good_is_bounded(server: Server, songs: tuple[str, str]) -> None:
    address = f"/songs/{songs[0]}/share"
    with server.client() as client:
        plain = client.post(address).json()
        long = client.post(address, json={"expires_s": LONGEST_SHARE_S}).json()
        ends = [datetime.fromisoformat(made["expires_at"]).timestamp() for made in (plain, long)]
        assert abs(ends[1] - ends[0] - (LONGEST_SHARE_S - SHARE_S)) < 60
        wrong: list[dict[str, object]] = [
            {"expires_s": LONGEST_SHARE_S + 1}, {"expires_s": 0}, {"expires": 60}, {"expires_s": "600"},
        ]  # fmt: skip
        for body in wrong:
            assert client.post(address, json=body).status_code == 422, body
        assert client.post(f"/songs/{'0' * 15}/share").status_code == 404
    with server.client(token="") as nobody:
        assert nobody.post(address).status_code == 401


def test_a_deleted_song_is_gone_and_an_unfinished_one_is_not_shared(
    server: Server, reader: httpx.Client
) -> None:
    with server.client() as client:
        song_id = client.post("/generate-from-description", json=describe(seed=5)).json()["id"]
        path = shared(server, song_id)
        assert reader.get(path).status_code == 200
        (server.home / "songs" / song_id / "song.json").write_text("{")
        damaged = reader.get(path)
        assert (damaged.status_code, "There is no song here" in damaged.text) == (404, True)
        assert client.delete(f"/songs/{song_id}").status_code == 204
        for part in PARTS:
            gone = reader.get(path + part)
            assert (gone.status_code, "was deleted" in gone.text) == (410, True)
        unfinished = made_song(6, {}, {}, status=Status.CANCELLED)
        Library(LocalStore(server.home)).save(unfinished)
        assert client.post(f"/songs/{unfinished.id}/share").status_code == 409


def test_no_log_has_a_link(server: Server, songs: tuple[str, str], reader: httpx.Client) -> None:
    path = shared(server, songs[0])
    for part in (*PARTS, "/nothing"):
        reader.get(path + part)
    assert reader.get("/health").status_code == 200
    until(lambda: any("/share/..." in line for line in list(server.lines)))
    signature = path.rpartition(".")[2]
    assert not [line for line in server.lines if signature in line or TOKEN in line]


def test_what_users_wrote_is_never_markup(server: Server, songs: tuple[str, str]) -> None:
    song = Library(LocalStore(server.home)).load(songs[0])
    assert song.plan
    bad = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>$body ${head}"
    plan = song.plan.model_copy(update={"title": bad, "lyrics": bad})
    page = bytes(song_page(song.changed(plan=plan), "http://h/share/x", 2_000_000_000).body).decode()
    tags = Tags(page)
    assert tags.sources("script") == ["/page/share.js"]
    assert tags.sources("img") == ["/share/x/cover"]
    assert tags.properties()["og:title"] == bad
    assert not any(name.startswith("on") for _, facts in tags.found for name in facts)
    sung = "[intro]\n\n[verse 2 - female, whispered]\nA line\nanother <b>\n\n[chorus]\nLa\n"
    plan = plan.model_copy(update={"lyrics": sung})
    page = bytes(song_page(song.changed(plan=plan), "http://h/share/x", 2_000_000_000).body).decode()
    assert re.findall(r'data-section="([^"]+)', page) == ["intro", "verse", "chorus"]
    assert '</span> 2 <span class="hint">female, whispered</span></h2>' in page
    assert "A line\nanother &lt;b&gt;</p>" in page


def test_one_address_reads_so_many_links_a_minute(server: Server, reader: httpx.Client) -> None:
    # Four more a second are let in: a slow machine comes to the limit later.
    answers = (reader.get("/share/x") for _ in range(2000))
    answer = next(answer for answer in answers if answer.status_code == 429)
    assert answer.json()["type"].endswith("too-many-share-requests")
    assert int(answer.headers["retry-after"]) >= 1
