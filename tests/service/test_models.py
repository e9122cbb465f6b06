"""The service with a model in every craft: tiny ones, of the real architectures."""

import base64
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import soundfile

from tests import tiny
from tests.service.server import ended, serving
from tests.service.test_generation import ASYNC, describe

SONGS = 4

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    weights = tmp_path_factory.mktemp("weights")
    chosen = {
        "LYRICS": ("qwen", tiny.qwen(weights / "qwen")),
        "MUSIC": ("musicgen", tiny.musicgen(weights / "musicgen")),
        "ART": ("sdxl_turbo", tiny.sdxl(weights / "sdxl")),
    }
    variables = {"OMP_NUM_THREADS": "1"}
    for craft, (engine, folder) in chosen.items():
        variables[f"SONGWRIGHT_{craft}__ENGINE"] = engine
        variables[f"SONGWRIGHT_{craft}__MODEL"] = str(folder)
        variables[f"SONGWRIGHT_{craft}__PRECISION"] = "fp32"
    with (
        serving(tmp_path_factory.mktemp("home"), ready=False, **variables) as server,
        server.client() as made,
    ):
        yield made


def song(client: httpx.Client, seed: int) -> dict[str, Any]:
    body = describe(f"a lofi beat about number {seed}", seed=seed, instrumental=seed % 2 == 0)
    headers = ASYNC | {"Cache-Control": "no-cache"}
    answer = client.post("/generate-from-description", json=body, headers=headers).raise_for_status()
    return ended(client, answer.json()["id"], timeout_s=300.0)  # of which the compiler may take a minute


@pytest.mark.long
def test_songs_made_side_by_side_are_those_made_alone_and_can_be_made_again(client: httpx.Client) -> None:
    with ThreadPoolExecutor(SONGS) as threads:
        together = list(threads.map(lambda seed: song(client, seed), range(SONGS)))
    assert [made["status"] for made in together] == ["done"] * SONGS, [made["error"] for made in together]
    assert len({made["assets"]["audio"]["sha256"] for made in together}) == SONGS
    alone = song(client, 1)
    for part in ("audio", "cover"):
        assert alone["assets"][part]["sha256"] == together[1]["assets"][part]["sha256"]
    assert alone["plan"] == together[1]["plan"]
    again = client.post("/generate-like", json={"like": together[2]["id"]}).raise_for_status().json()
    for part in ("audio", "cover"):
        assert again["assets"][part]["sha256"] == together[2]["assets"][part]["sha256"]
    for craft, name in (("lyrics", "qwen"), ("music", "musicgen"), ("art", "sdxl_turbo")):
        facts = together[0]["engines"][craft]
        assert facts["name"] == name
        assert facts["model"].endswith(name.partition("_")[0])
        assert facts["revision"].startswith("sha256-")
        assert (facts["precision"], facts["device"]) == ("fp32", "cpu")
        assert facts["licence"]
        assert {"songwright", "torch"} <= facts["libraries"].keys()


def other_than_levels(warnings: list[str]) -> list[str]:
    """Random weights make peaks that no mastering brings to the usual loudness, which is said."""
    return [warning for warning in warnings if "LUFS in place of" not in warning]


@pytest.mark.parametrize("duration", [1, 2.5])
def test_musicgen_hears_a_raw_prompt_as_it_is_with_its_own_parameters(
    client: httpx.Client, duration: float
) -> None:
    body = {"prompt": "jazzy piano solo", "duration": duration, "seed": 3}
    sampled = {"temperature": 0.7, "top_k": 20, "top_p": 0.5, "cfg_coef": 1.5}
    response = client.post("/generate_endpoint", json=body | sampled)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert (answer["sample_rate"], answer["duration"]) == (32_000, duration)
    samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(answer["audio_base64"])))
    assert (len(samples), rate_hz) == (round(duration * 32_000), 32_000)
    made = client.get(response.headers["Location"]).json()
    assert made["plan"]["tags"] == ["jazzy piano solo"]
    assert other_than_levels(made["warnings"]) == []
    assert set(made["engines"]) == {"lyrics", "music"}
    assert made["engines"]["lyrics"]["name"] == "given"
    plain = client.post("/generate_endpoint", json=body).json()
    assert plain["audio_base64"] != answer["audio_base64"], "the parameters are heeded"
    same = client.post("/", json=body | {"temperature": 1.0}).json()
    assert same["audio_base64"] == plain["audio_base64"], "and their defaults are MusicGen's"
    assert client.get("/health").json()["model"] == "musicgen"


def test_a_structured_request_is_told_to_musicgen_in_words(client: httpx.Client) -> None:
    body = {"mood": "sad", "energy": 2, "genres": ["lo-fi"], "vocal_type": "female", "duration": 1}
    answer = client.post("/generate-music", json=body).raise_for_status().json()
    assert answer["prompt"].startswith("modern lo-fi, melancholic emotional, slow relaxed tempo, with dusty")
    assert "female vocals" in answer["prompt"]
    assert other_than_levels(answer["metadata"]["warnings"]) == []
    assert answer["metadata"]["engine"] == "musicgen"
