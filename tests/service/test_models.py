"""The service with a model in every craft: tiny ones, of the real architectures."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

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
    return ended(client, answer.json()["id"], timeout_s=120.0)


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
