"""The writer that asks a server: what it sends, what it makes of each answer, and when it asks again."""

from __future__ import annotations

import json
import logging
import pickle
import time
from collections.abc import Iterator
from typing import Any

import pytest
import xgrammar

from config.engine import EngineOptions, ServerOptions, ignore_progress
from config.errors import Cancelled, EngineTimeout, EngineUnavailable, InvalidRequest, SongwrightError
from config.settings import load_settings
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from lyrics.openai import client
from lyrics.openai.engine import OpenAIWriter
from lyrics.openai.schema import Answer, SungAnswer, WrittenAnswer, grammar, json_schema
from tests.lyrics.openai_servers import BUSY, MODEL, PLAN, REFUSALS, Reply, Server, chunk, playing, streamed
from tests.qwen_vocabulary import qwen2_tokenizer

KEY = "sk-very-secret-0123456789"
WHOLE = Reply(200, streamed(json.dumps(PLAN)))
ANSWERS = {"written": WrittenAnswer, "own": SungAnswer, "instrumental": Answer}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits between tries are short."""
    monkeypatch.setattr(client, "_FIRST_DELAY_S", 0.01)


def options(server: Server | str, **fields: Any) -> EngineOptions:
    url = server if isinstance(server, str) else server.url
    asked = ServerOptions.model_validate({"base_url": url, "api_key": KEY} | fields)
    return EngineOptions(model=MODEL, server=asked)


def plan(server: Server | str, request: dict[str, Any] | None = None, **fields: Any) -> SongPlan:
    writer = WRITERS.load("openai", options(server, **fields))
    asked = {"description": "a dreamy synthwave song about neon rain", "seed": 7} | (request or {})
    return writer.plan(PlanRequest.model_validate(asked), ignore_progress)


def refusal(server: Server | str, **fields: Any) -> SongwrightError:
    """The error of a plan, which keeps the key for itself."""
    with pytest.raises(SongwrightError) as caught:
        plan(server, **fields)
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    assert KEY not in said
    assert str(pickle.loads(pickle.dumps(caught.value))) == said
    return caught.value


def eventually_left(server: Server) -> bool:
    """Whether the client leaves before its answer is whole, within five seconds."""
    until_s = time.monotonic() + 5.0
    while not server.broken_off and time.monotonic() < until_s:
        time.sleep(0.02)
    return server.broken_off == 1


def test_a_plan_is_asked_for_with_schema_seed_temperature_and_key() -> None:
    with playing(WHOLE) as server:
        made = plan(server, {"seed": 2**40 + 3}, temperature=0.5, max_tokens=900)
    ((path, headers, body),) = server.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (body["model"], body["temperature"], body["max_tokens"]) == (MODEL, 0.5, 900)
    assert body["stream"] is True
    assert 0 <= body["seed"] < 2**31 - 1  # which every server's integers hold
    form = body["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    assert form["json_schema"]["schema"] == json_schema(WrittenAnswer, 12)
    assert "neon rain" in body["messages"][1]["content"]
    assert made.title == "Neon Rain"
    assert made.lyrics.startswith("[verse]\nThe street is a mirror tonight\n")
    assert (made.genre, made.tempo_bpm, made.voice) == ("synthwave", 104.0, "female")
    assert SongPlan.model_validate(made.model_dump()) == made


def test_what_the_user_names_wins_over_the_model() -> None:
    with playing(WHOLE) as server:
        made = plan(server, {"description": "synthwave, 120 BPM, male voice, no drums, in D minor, 3/4"})
    assert (made.tempo_bpm, made.tempo_fixed, made.key, made.metre) == (120.0, True, "D minor", "3/4")
    assert (made.voice, made.exclude) == ("male", ("drums",))
    assert "female vocal" not in made.tags


@pytest.mark.parametrize("kind", ANSWERS)
def test_each_kind_of_song_is_asked_for_what_it_needs(kind: str) -> None:
    own = {"lyrics": "Walking  home,\r\n\tin the rain\n"} if kind == "own" else {}
    with playing(WHOLE) as server:
        made = plan(server, {"instrumental": kind == "instrumental", **own})
    fields = server.asked[0][2]["response_format"]["json_schema"]["schema"]["properties"].keys()
    assert ("voice" in fields) == (kind != "instrumental")
    assert ("lyrics" in fields) == (kind == "written")
    if kind == "instrumental":
        assert (made.lyrics, made.voice) == ("", "none")
    elif kind == "own":
        assert made.lyrics == own["lyrics"]


def test_a_server_that_knows_only_json_gets_the_schema_in_words_and_is_checked_all_the_same() -> None:
    fenced = f"<think>\nhm, {{rain}}\n</think>\n```json\n{json.dumps(PLAN)}\n```\n"
    with playing(Reply(200, streamed(fenced)), Reply(200, streamed('{"title": "x"}'))) as server:
        assert plan(server, response_format="json_object").title == "Neon Rain"
        body = server.asked[0][2]
        assert body["response_format"] == {"type": "json_object"}
        assert '"additionalProperties": false' in body["messages"][0]["content"]
        said = str(refusal(server, response_format="json_object"))
    assert f"model '{MODEL}' at {server.url}/v1 answered no plan: genre: Field required - " in said
    assert "SONGWRIGHT_OPENAI__RESPONSE_FORMAT=json_schema" in said


def test_a_server_that_knows_only_grammars_gets_one() -> None:
    with playing(WHOLE) as server:
        assert plan(server, response_format="grammar").title == "Neon Rain"
    body = server.asked[0][2]
    assert "response_format" not in body
    assert body["grammar"] == grammar(json_schema(WrittenAnswer, 12))


@pytest.mark.parametrize("kind", ANSWERS)
def test_schema_and_grammar_are_what_the_servers_engine_compiles_and_take_the_same(
    kind: str, pytestconfig: pytest.Config
) -> None:
    """By xgrammar, which binds the answers of vLLM and SGLang, the schema with Qwen's real vocabulary; the
    grammar with single bytes, for llama.cpp compiles none."""
    schema = json_schema(ANSWERS[kind], 3)
    tokens = xgrammar.TokenizerInfo.from_huggingface(qwen2_tokenizer(pytestconfig))
    compiler = xgrammar.GrammarCompiler(tokens, max_threads=1, cache_enabled=False)
    began_s = time.process_time()
    bound = compiler.compile_json_schema(json.dumps(schema))
    assert time.process_time() - began_s < 2.0, "a server would hold its first plan for as long"
    single = xgrammar.TokenizerInfo([bytes([byte]) for byte in range(256)])
    compiler = xgrammar.GrammarCompiler(single, max_threads=1, cache_enabled=False)
    good = {name: PLAN[name] for name in schema["properties"]}
    bad = [good | {"energy": 11}, good | {"tempo_bpm": 300}, good | {"key": "H major"}, good | {"tags": []}]
    bad += [good | {"more": 1}, {name: good[name] for name in list(good)[:-1]}]
    for rules in (bound, compiler.compile_grammar(grammar(schema))):
        for made, whole in [(good, True), *((each, False) for each in bad)]:
            matcher = xgrammar.GrammarMatcher(rules, terminate_without_stop_token=True)
            assert (matcher.accept_string(json.dumps(made)) and matcher.is_terminated()) == whole, made


@pytest.mark.parametrize(("name", "status", "body", "said"), REFUSALS)
def test_each_servers_refusals_are_one_line_that_says_what_to_do(
    name: str, status: int, body: str, said: str
) -> None:
    with playing(Reply(status, body)) as server:
        error = refusal(server)
        assert said in str(error), name
        assert isinstance(error, EngineUnavailable)
        assert error.fix
        assert len(server.asked) == 1, "asking again would not help"


@pytest.mark.parametrize(("name", "status", "body", "said"), BUSY)
def test_busy_servers_are_asked_again_but_not_for_ever(name: str, status: int, body: str, said: str) -> None:
    busy = Reply(status, body)
    with playing(busy, busy, WHOLE) as server:
        assert plan(server).title == "Neon Rain"
        assert len(server.asked) == 3
    with playing(busy) as server:
        assert said in str(refusal(server)), name
        assert len(server.asked) == client.TRIES


def test_a_server_is_given_the_time_that_it_asks_for() -> None:
    with playing(Reply(429, "", {"Retry-After": "1"}), WHOLE) as server:
        began_s = time.monotonic()
        assert plan(server).title == "Neon Rain"
        assert time.monotonic() - began_s >= 1.0


def test_a_server_that_is_not_there_is_named() -> None:
    with playing(WHOLE) as server:
        pass
    assert f"the server at {server.url}/v1 does not answer: " in str(refusal(server))
    with pytest.raises(EngineUnavailable, match="does not answer"):
        WRITERS.check("openai", options(server))


def test_a_stream_that_breaks_off_is_asked_for_again() -> None:
    half = "".join([chunk('{"title": "Ne'), "data: {"])
    with playing(Reply(200, half.removesuffix("data: {")), WHOLE) as server:
        assert plan(server).title == "Neon Rain"
        assert len(server.asked) == 2
    with playing(Reply(200, chunk('{"title"'))) as server:
        assert "does not answer: the answer broke off" in str(refusal(server))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (streamed('{"title": "Neon', "length"), "was cut off in the middle of its plan, within 4096 tokens"),
        (streamed("", "content_filter"), "was stopped by the server's filter of contents"),
        (streamed("Sure! Here is your song"), "answered no plan: it is no JSON: 'Sure! Here is your song'"),
        (streamed("[1]"), "answered no plan: it is no JSON object: '[1]'"),
        (
            streamed(json.dumps(PLAN | {"tempo_bpm": 900})),
            "answered no plan: tempo_bpm: Input should be less",
        ),
        (
            streamed(json.dumps(PLAN | {"key": "H moll"})),
            "answered no plan: key: 'H moll' is none of C major,",
        ),
        (streamed(json.dumps(PLAN | {"lyrics": [{"section": "verse", "lines": [" "]}]})), "have no words"),
        ("<html>a page</html>", "does not answer: the answer broke off"),
        ('{"hello": "world"}', "is no such server"),
        ('data: {"error":{"message":"mid-stream","code":400}}\n\n', "refuses the request (400, mid-stream)"),
    ],
)
def test_an_answer_that_is_no_plan_is_said(body: str, said: str) -> None:
    with playing(Reply(200, body)) as server:
        assert said in str(refusal(server))


def test_an_answer_in_one_piece_is_taken_too() -> None:
    message = {"role": "assistant", "content": json.dumps(PLAN)}
    whole = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
    with playing(Reply(200, whole)) as server:
        assert plan(server).title == "Neon Rain"


def test_texts_are_lines_within_their_limits() -> None:
    odd = PLAN | {
        "title": "A\u2028 very\u0000 long  title " * 9,
        "cover_prompt": "x",
        "tags": [*PLAN["tags"], "", "word " * 40],
        "lyrics": [{"section": "verse", "lines": ["[chorus]", "one\u0085two\nthree", " "]}] * 30,
    }
    with playing(Reply(200, streamed(json.dumps(odd, ensure_ascii=False), size=7))) as server:
        made = plan(server, {"duration_s": 24.0})
    assert len(made.title) <= 80
    assert made.title.startswith("A very long title A very")
    assert made.cover_prompt == "cover of a dreamy synthwave song"
    assert max(map(len, made.tags)) <= 40
    assert made.lyrics == "[verse]\nchorus\none two three\n\n" * 1 + "[verse]\nchorus\none two three\n"


def test_the_whole_has_a_limit() -> None:
    def slow() -> Iterator[str]:
        while True:
            time.sleep(0.05)
            yield chunk(" ")

    with playing(Reply(200, slow())) as server:
        error = refusal(server, timeout_s=1.0)
    assert isinstance(error, EngineTimeout)
    assert "wrote no whole plan within 1 s" in str(error)
    assert eventually_left(server), "the server sees that nobody waits any more"


def test_progress_rises_and_a_cancelled_plan_closes_the_connection() -> None:
    def slow() -> Iterator[str]:
        for _ in range(200):
            time.sleep(0.05)
            yield chunk("a piece of the plan ")

    fractions: list[float] = []

    def report(_stage: str, fraction: float) -> None:
        fractions.append(fraction)
        if fraction > 0.2:
            raise Cancelled

    with playing(Reply(200, slow())) as server:
        writer = WRITERS.load("openai", options(server))
        with pytest.raises(Cancelled):
            writer.plan(PlanRequest(description="a song", seed=1), report)
        assert eventually_left(server)
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0


def test_the_key_is_in_no_message_log_or_description(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = Reply(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}}))
    with playing(echo) as server:
        assert "Incorrect API key provided: ***." in str(refusal(server))
        with pytest.raises(EngineUnavailable) as caught:
            WRITERS.check("openai", options(server))
        chosen = options(server)
    assert KEY not in f"{caught.value} {chosen!r} {WRITERS.load('openai', chosen).info!r} {caplog.text}"
    assert "takes no request without a key" in str(
        OpenAIWriter(options("http://127.0.0.1:1", api_key=""))._refusals.of(401, "")
    )
    said = str(refusal("http://127.0.0.1:1", api_key=f"{KEY}\nx"))
    assert said == "SONGWRIGHT_OPENAI__API_KEY has blanks or characters that no key has - copy the key anew"


def test_doctor_asks_for_the_models() -> None:
    with playing(WHOLE) as server:
        info = WRITERS.check("openai", options(server))
        assert (info.name, info.model, info.device) == ("openai", MODEL, "server")
        assert server.url in info.summary
        server.models = [f"{MODEL}:latest"]
        assert WRITERS.check("openai", options(server)).model == MODEL
        server.models = ["gemma3:4b", "llama3.2"]
        with pytest.raises(EngineUnavailable) as caught:
            WRITERS.check("openai", options(server))
    assert str(caught.value) == (
        f"the server at {server.url}/v1 has no model '{MODEL}' - "
        "set SONGWRIGHT_LYRICS__MODEL to one that it has: gemma3:4b, llama3.2"
    )
    assert {path for path, *_ in server.asked} == {"/v1/models"}


@pytest.mark.parametrize(
    ("model", "licence", "sellable"),
    [
        ("Qwen/Qwen3-4B-Instruct-2507", "", True),
        ("qwen3:4b", "Apache-2.0", True),
        ("qwen3:4b", "", False),
    ],
)
def test_songs_are_sold_only_where_the_licence_is_known(model: str, licence: str, sellable: bool) -> None:  # noqa: FBT001 - a parameter
    asked = ServerOptions(base_url="http://127.0.0.1:1", licence=licence)
    assert WRITERS.load("openai", EngineOptions(model=model, server=asked)).info.commercial == sellable
    chosen = EngineOptions(model=model, server=asked, commercial=True)
    if sellable:
        WRITERS.load("openai", chosen)
    else:
        with pytest.raises(EngineUnavailable, match="SONGWRIGHT_OPENAI__LICENCE"):
            WRITERS.load("openai", chosen)


def test_what_is_not_set_is_named() -> None:
    with pytest.raises(InvalidRequest, match=r"SONGWRIGHT_OPENAI__BASE_URL: '' - set it to"):
        WRITERS.load("openai", EngineOptions(model=MODEL))
    with pytest.raises(InvalidRequest, match=r"SONGWRIGHT_LYRICS__MODEL: '' - set it to"):
        WRITERS.load("openai", EngineOptions(server=ServerOptions(base_url="http://127.0.0.1:1")))


def test_an_empty_request_is_refused_before_the_server_is_asked() -> None:
    with playing(WHOLE) as server, pytest.raises(InvalidRequest, match="say something about the song"):
        plan(server, {"description": " "})
    assert not server.asked


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1/", "http://localhost:11434/v1"),
        (" https://llm.example.com/api/openai ", "https://llm.example.com/api/openai"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("", ""),
    ],
)
def test_addresses_are_read_as_people_write_them(given: str, used: str) -> None:
    assert ServerOptions(base_url=given).base_url == used


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", f"http://me:{KEY}@llm.example.com/v1"),
        ("BASE_URL", f"https://llm.example.com/v1?key={KEY}"),
        ("APIKEY", KEY),
        ("API_KEYS_TOKEN", KEY),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SONGWRIGHT_OPENAI__{name}", value)
    with pytest.raises(InvalidRequest, match=rf"SONGWRIGHT_OPENAI__{name}: '\*\*\*' - ") as caught:
        load_settings()
    assert KEY not in str(caught.value)
