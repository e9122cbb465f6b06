"""Bodies made to keep the service busy, or to break what reads them: each is refused in a moment, by name."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx
import pytest
from fastapi.exceptions import RequestValidationError

from orchestrator.server.api.requests.incoming import bounded_json
from tests.hostile.figures import resisted
from tests.hostile.wire import answered, connected, head
from tests.service.server import Server, serving

ROUTES = (
    "/generate-from-description",
    "/generate-with-lyrics",
    "/generate-with-described-lyrics",
    "/generate-like",
    "/plan",
    "/quote",
    "/generate-music",
    "/",
    "/generate_endpoint",
)
JSON = {"Content-Type": "application/json", "Prefer": "respond-async"}
N = 1_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), timed=True) as running:
        yield running


def worded(name: str, value: bytes) -> bytes:
    return b'{"full_described_song":"x","prompt":"x","' + name.encode() + b'":' + value + b"}"


def planned(name: str, value: bytes) -> bytes:
    return worded("plan", b'{"' + name.encode() + b'":' + value + b"}")


def repeated(item: bytes, size: int = 990_000) -> bytes:
    return b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"


HUGE: dict[str, tuple[bytes, str]] = {
    "a plan's tags of wrong items": (planned("tags", repeated(b"1")), "plan.tags"),
    "a plan's warnings of objects": (planned("warnings", repeated(b"{}")), "plan.warnings"),
    "a plan's theme of lists": (planned("theme", repeated(b"[]")), "plan.theme"),
    "a webhook that is a list": (worded("webhook", repeated(b'"x"')), "webhook"),
    "a seed that is a list": (worded("seed", repeated(b"1.5")), "seed"),
    "unknown fields": (b"{" + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}", "body"),
    "an unknown list of nulls": (worded("zzz", repeated(b"null")), "zzz"),
    "sections": (planned("sections", repeated(b'{"a":[1]}')), "plan.sections"),
    "a list and no object": (repeated(b"{}"), "body"),
    "the same field again": (b"{" + b'"seed":1,' * 100_000 + b'"seed":1}', "body"),
    "lists in lists": (worded("zzz", b"[" * 900 + b"]" * 900), "zzz" + ".0" * 19),
    "1,200 wrong items": (planned("tags", repeated(b"1", 2400)), "plan.tags"),
}
ODD: dict[str, tuple[bytes, int, str]] = {
    "a number of a million digits": (worded("seed", b"9" * 990_000), 400, ""),
    "a number of 4,000 digits": (worded("seed", b"9" * 4000), 422, "seed"),
    "seconds of 4,000 digits": (worded("audio_duration", b"9" * 4000), 422, "audio_duration"),
    "infinite seconds": (worded("audio_duration", b"1e999"), 422, "audio_duration"),
    "no number": (worded("guidance_scale", b"NaN"), 422, "guidance_scale"),
    "a long fraction": (worded("audio_duration", b"0." + b"1" * 900_000), 422, "audio_duration"),
    "half of a pair": (worded("title", b'"\\ud800"'), 422, "title"),
    "half of a pair in a name": (b'{"full_described_song":"x","\\udfff":1}', 422, "\\udfff"),
    "bytes that are no text": (worded("zzz", b'"\xff\xfe"'), 400, ""),
    "open lists": (b"[" * 990_000, 400, ""),
    "open objects": (b'{"a":' * 190_000, 400, ""),
    "a text without an end": (b'{"full_described_song":"' + b"a" * 990_000, 400, ""),
    "a long text": (worded("webhook", b'"http://' + b"a." * 490_000 + b'"'), 422, "webhook"),
    "a long name": (b'{"' + b"a" * 990_000 + b'":1,"seed":"x"}', 422, "seed"),
    "nothing": (b"", 422, "body"),
    "null": (b"null", 422, "body"),
    "all fields wrong": (
        json.dumps({name: [{}] * 20 for name in ("full_described_song", "seed", "plan", "webhook")}).encode(),
        422,
        "",
    ),
}


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as found:
        yield found


def refusal(client: httpx.Client, route: str, body: bytes, **headers: str) -> httpx.Response:
    return client.post(route, content=body, headers=JSON | headers)


def test_no_huge_body_holds_the_loop_and_each_is_told_its_field(server: Server, client: httpx.Client) -> None:
    slowest_s = 0.0
    for what, (body, field) in HUGE.items():
        for route in ROUTES:
            began = time.perf_counter()
            answer = refusal(client, route, body)
            slowest_s = max(slowest_s, time.perf_counter() - began)
            assert answer.status_code in (400, 422), (what, route)
            document = answer.json()
            assert document["field"] == field, (what, route, document)
            assert len(answer.content) < 2000, what
    assert server.slow == []
    resisted(
        "bodies of 1 MB: 300,000 wrong items, 80,000 fields, and 10 others, on nine paths",
        limit="1,000 values in a body, 20 deep, counted before anything is validated",
        figure=f"the slowest is refused in {slowest_s * 1000:.0f} ms, by the field's name",
    )


def test_odd_bodies_are_clear_refusals_everywhere(server: Server, client: httpx.Client) -> None:
    for what, (body, status, field) in ODD.items():
        for route in ROUTES:
            answer = refusal(client, route, body, **{"Idempotency-Key": f"{what}{route}"})
            assert answer.status_code in (400, 422, 202), (what, route, answer.text[:500])
            if answer.status_code != 202:
                assert answer.headers["content-type"] == "application/problem+json"
        answer = refusal(client, "/generate-from-description", body)
        assert answer.status_code == status, what
        if field:
            assert answer.json()["field"] == field, (what, answer.json())
    assert server.slow == []
    resisted(
        "JSON that is none, or hardly: endless numbers, halves of characters, open brackets, and 14 others",
        limit="400 with the place, or 422 with the field",
        figure="no 500 on nine paths",
    )


SORTS = (
    "application/json; charset=undefined",
    "application/json; charset=idna",
    "application/json; charset*=undefined''x",
    'application/json;charset="',
    "application/json;" + "a=b;" * 5000,
    "json",
    "text/json",
    "application/;json",
    "/",
    ";",
    "é/json",
    "application/json, text/plain",
    "multipart/form-data",
    "application/x-www-form-urlencoded",
)


def test_no_content_type_is_a_bug(server: Server, client: httpx.Client) -> None:
    body = b'{"full_described_song":"hello","audio_duration":5}'
    for sort in SORTS:
        for route in ("/plan", "/generate-from-image"):
            answer = client.post(route, content=body, headers={"Content-Type": sort.encode("latin-1")})
            assert answer.status_code in (200, 400, 415), (sort[:60], route, answer.text[:300])
    for coding in ("gzip", "br", "deflate, gzip", "GZIP", "x"):
        answer = refusal(client, "/plan", body, **{"Content-Encoding": coding})
        assert answer.status_code == 415
        assert answer.json()["type"] == "urn:songwright:problem:encoded-body"
    assert refusal(client, "/plan", body, **{"Content-Encoding": "identity"}).status_code == 200
    resisted(
        "content types of 14 odd sorts, and compressed bodies",
        limit="JSON as such, forms in UTF-8, nothing compressed",
        figure="415 for each that is not read",
    )


def form(client: httpx.Client, body: bytes, sort: str = "multipart/form-data; boundary=b") -> httpx.Response:
    headers = {"Content-Type": sort.encode("latin-1")}
    return client.post("/generate-from-image", content=body, headers=headers)


FIELD = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n'
PHOTO = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x.png"\r\n\r\n'
FORMS: dict[str, Callable[[], bytes]] = {
    "100,000 parts": lambda: (FIELD + b"x\r\n") * 100_000,
    "empty parts": lambda: b"--b\r\n\r\n" * 100_000,
    "100,000 headers": lambda: b"--b\r\n" + b"a: b\r\n" * 100_000,
    "a header of 1 MB": lambda: b"--b\r\nA: " + b"a" * N,
    "a name of 1 MB": lambda: b'--b\r\nContent-Disposition: form-data; name="' + b"a" * N + b'"\r\n\r\n',
    "a field of 9 MB": lambda: FIELD + b"x" * 9 * N,
    "what looks like an end": lambda: PHOTO + b"\r\n--" * 2 * N,
    "ends of lines": lambda: b"\r\n" * 4 * N,
    "two photos": lambda: (PHOTO + b"x\r\n") * 2 + b"--b--\r\n",
    "no end": lambda: PHOTO + b"x" * N,
    "nothing": lambda: b"",
}
CHARSETS = ("undefined", "idna", "punycode", "utf-16", "hex", "zlib", "unicode_escape", "é", '"')


def test_no_form_holds_the_loop(server: Server, client: httpx.Client) -> None:
    for what, made in FORMS.items():
        answer = form(client, made())
        assert answer.status_code in (400, 415, 422), (what, answer.text[:300])
    whole = FIELD + b"\xff\xd8\r\n" + PHOTO + b"no photo\r\n--b--\r\n"
    for charset in CHARSETS:
        sort = f"multipart/form-data; boundary=b; charset={charset}"
        assert form(client, whole, sort).status_code == 415, charset
    for boundary in ("", "; boundary=", "; boundary=" + "b" * 5000):
        sort = f"multipart/form-data{boundary}"
        assert form(client, whole, sort).status_code == 400, sort[:60]
    assert server.slow == []
    resisted(
        "forms of 100,000 parts or headers, fields of 9 MB, charsets such as `undefined`",
        limit="one photo, 40 fields of 9 KB, UTF-8, parsed 16 KB at a time",
        figure="400 or 415 for each, no callback over 100 ms",
    )


def test_long_addresses_are_refused(server: Server, client: httpx.Client) -> None:
    for query in ("a=1&" * 5000, "limit=1&" * 3000, "cursor=" + "%00" * 5000):
        answer = client.get(f"/songs?{query}")
        assert answer.status_code == 414, query[:20]
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/songs/" + "a" * 20_000).status_code == 414
    with connected(server, head("/songs?" + "a=1&" * 30_000)) as connection:
        assert answered(connection).startswith(b"HTTP/1.1 431")
    assert client.get("/songs?limit=" + "9" * 5000).json()["field"] == "limit"
    assert client.get("/health?" + "a=1&" * 1000).status_code == 200
    assert client.get("/songs", headers={"A": "b" * 40_000}).status_code == 431
    assert server.slow == []
    resisted(
        "queries of 30,000 parameters, paths of 20 KB",
        limit="8 KB for path and query",
        figure="414 before anything is parsed",
    )


def test_the_longest_honest_body_is_read() -> None:
    plan = {
        "title": "é" * 80,
        "lyrics": '",:[{' * 2000,
        **{name: ["雨" * 100] * 50 for name in ("tags", "instruments", "exclude", "theme")},
        "warnings": ["\u00e9" * 1000] * 50,
    }
    body = {"prompt": "雨" * 2000, "lyrics": '"' * 10_000, "plan": plan}
    assert bounded_json(json.dumps(body).encode()) == body


def test_the_worst_json_is_read_or_refused_in_a_moment() -> None:
    """Of processor time, in this process, so that other work on the machine does not count."""
    worst: list[tuple[float, str]] = []
    for what, (body, *_) in (HUGE | ODD).items():
        took = []
        for _ in range(3):
            began = time.process_time()
            with suppress(RequestValidationError):
                bounded_json(body)
            took.append(time.process_time() - began)
        worst.append((min(took), what))
    assert max(worst)[0] < 0.1, max(worst)
