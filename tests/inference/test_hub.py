"""What is fetched of a repository, by the hub's own client from a hub on loopback: only what is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest

from art.contract import PAINTERS
from config.engine import EngineOptions
from config.errors import EngineUnavailable, SongwrightError, WeightsMissing
from config.models import gpu_download
from inference.hub import download_of, folder_of, index_of
from inference.weights import ModelName, chosen_files, model_name
from music.contract import COMPOSERS
from tests import tiny
from tests.hub import Hub, hub

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)

TURBO = "stabilityai/sdxl-turbo"
PARTS = ("text_encoder/model", "text_encoder_2/model", "unet/diffusion_pytorch_model")
PARTS += ("vae/diffusion_pytorch_model",)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with hub(tmp_path / "cache", monkeypatch) as running:
        yield running


@pytest.fixture(scope="module")
def turbo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SDXL Turbo in little as it is published: each weight four times, and in other programs' formats."""
    folder = tiny.sdxl(tmp_path_factory.mktemp("turbo"))
    half = tiny.sdxl(tmp_path_factory.mktemp("half"), variant="fp16")
    for file in half.rglob("*.fp16.safetensors"):
        shutil.copy(file, folder / file.relative_to(half))
    for name in (
        *("sd_xl_turbo_1.0.safetensors", "sd_xl_turbo_1.0_fp16.safetensors", "README.md", "output.jpg"),
        *("unet/diffusion_pytorch_model.bin", "text_encoder/model.onnx", "text_encoder/flax_model.msgpack"),
        *("vae_decoder/model.onnx", "vae_1_0/diffusion_pytorch_model.safetensors", "unet/openvino_model.bin"),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"the same again")
    return folder


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.musicgen(tmp_path_factory.mktemp("stereo"), channels=2)
    shutil.copy(folder / "model.safetensors", folder / "model.fp32.safetensors")
    (folder / "state_dict.bin").write_bytes(b"pickled")
    return folder


def refused(name: str, precision: str = "fp16") -> str:
    with pytest.raises(SongwrightError) as caught:
        folder_of(model_name(name), precision)
    said = str(caught.value)
    assert "\n" not in said
    assert " - " in said
    return said


@pytest.mark.parametrize(("precision", "variant"), [("fp16", ".fp16"), ("fp32", "")])
def test_of_a_pipeline_each_weight_is_fetched_once(
    here: Hub, turbo: Path, precision: str, variant: str
) -> None:
    here.add(TURBO, turbo)
    folder = folder_of(model_name(TURBO), precision)
    weights = {f"{part}{variant}.safetensors" for part in PARTS}
    assert {name for name in here.fetched if name.endswith((".safetensors", ".bin"))} == weights
    assert len(here.fetched) == len(set(here.fetched))
    texts = {file.relative_to(turbo).as_posix() for file in turbo.rglob("*.json")}
    texts |= {file.relative_to(turbo).as_posix() for file in turbo.rglob("*.txt")}
    assert set(here.fetched) == weights | texts
    # What counts as read is what was fetched, to the byte.
    assert {file.name for file in chosen_files(folder, precision).files} == set(here.fetched)


def test_prefetch_fetches_what_a_gpu_will_read_without_the_hub(
    here: Hub, turbo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add(TURBO, turbo)
    volume = tmp_path / "volume" / "hub"
    size = PAINTERS.fetch("sdxl_turbo", EngineOptions(), volume)
    assert size == sum((turbo / name).stat().st_size for name in here.fetched)
    assert any(name.endswith(".fp16.safetensors") for name in here.fetched)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(volume))
    count = len(here.fetched)
    painter: Any = PAINTERS.load("sdxl_turbo", EngineOptions(staged=True))
    assert painter.info.precision == "fp16"
    assert painter.info.model == TURBO
    assert len(here.fetched) == count


def test_a_model_that_is_here_is_not_fetched_again_and_serves_without_the_hub(
    here: Hub, stereo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add("org/name", stereo)
    model = model_name("org/name")
    first = folder_of(model, "fp16")
    fetched = list(here.fetched)
    assert folder_of(model, "fp16") == first
    assert here.fetched == fetched
    assert folder_of(model, "fp16", fetch=False) == first
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    huggingface_hub.close_session()
    assert folder_of(model, "fp16") == first
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert folder_of(model, "fp16") == first
    assert index_of(model) is None
    assert COMPOSERS.load("musicgen", EngineOptions(model="org/name", device="cpu")).info.model == "org/name"


def test_of_a_stereo_musicgen_one_copy_is_fetched(here: Hub, stereo: Path) -> None:
    here.add("org/name", stereo)
    assert (folder_of(model_name("org/name"), "fp16") / "model.safetensors").exists()
    assert "model.fp32.safetensors" not in here.fetched
    here.fetched.clear()
    folder_of(model_name("org/name"), "fp32")
    assert [name for name in here.fetched if "safetensors" in name] == ["model.fp32.safetensors"]


def test_a_musicgen_without_safetensors_on_main_is_read_where_they_are(
    here: Hub, stereo: Path, tmp_path: Path
) -> None:
    pickles = tmp_path / "pickles"
    pickles.mkdir()
    (pickles / "config.json").write_text("{}")
    (pickles / "pytorch_model.bin").write_bytes(b"pickled")
    here.add("facebook/musicgen-medium", pickles)
    here.add("facebook/musicgen-medium", stereo, "refs/pr/10")
    assert str(model_name("facebook/musicgen-medium")) == "facebook/musicgen-medium@refs/pr/10"
    folder = folder_of(model_name("facebook/musicgen-medium"), "fp16")
    assert (folder / "model.safetensors").is_file()
    here.fetched.clear()
    # The revision in the request counts, and its listing refuses it.
    assert refused("facebook/musicgen-medium@main") == (
        "facebook/musicgen-medium@main has only pickled weights"
        " - use facebook/musicgen-medium@refs/pr/10: pickles can run code, and are not read"
    )
    assert here.fetched == []


def test_pickles_alone_are_refused_before_anything_is_fetched(here: Hub, tmp_path: Path) -> None:
    (tmp_path / "pickles").mkdir()
    (tmp_path / "pickles" / "config.json").write_text("{}")
    (tmp_path / "pickles" / "pytorch_model.bin").write_bytes(b"pickled")
    here.add("org/name", tmp_path / "pickles")
    assert refused("org/name").startswith(
        "org/name has only pickled weights - convert it with save_pretrained"
    )
    (tmp_path / "pickles" / "pytorch_model.bin").unlink()
    assert refused("org/name").startswith("org/name has no weights - give a checkpoint with")
    with pytest.raises(EngineUnavailable, match="org/name has no weights"):
        download_of("org/name")
    assert here.fetched == []


def test_a_listing_that_lacks_a_shard_is_refused_before_anything_is_fetched(
    here: Hub, tmp_path: Path
) -> None:
    repository = tmp_path / "shards"
    repository.mkdir()
    for name in ("config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"):
        (repository / name).write_bytes(b"{}")
    here.add("org/name", repository)
    assert refused("org/name").startswith("org/name lacks model-00002-of-00002.safetensors - fetch it again")
    assert here.fetched == []


def test_a_gated_repository_says_what_to_accept_and_to_set(here: Hub, turbo: Path, stereo: Path) -> None:
    here.add("org/pipeline", turbo)
    here.add("org/name", stereo)
    here.gated |= {"org/pipeline", "org/name"}
    for name in sorted(here.gated):
        said = refused(name)
        assert f"'{name}' is open only to those who accept its licence" in said
        assert f"accept it on the page of {name} at the hub, and set HF_TOKEN" in said
    assert here.fetched == []


def test_a_revision_that_is_not_there_is_named(here: Hub, stereo: Path) -> None:
    here.add("org/name", stereo)
    assert refused("org/name@v9").startswith("the model 'org/name' has no revision 'v9' - give one of its")


def test_an_fp16_that_is_not_there_is_fetched_as_fp32_and_counted_so(here: Hub, tmp_path: Path) -> None:
    folder = tiny.sdxl(tmp_path / "plain")
    here.add(TURBO, folder)
    size = PAINTERS.fetch("sdxl_turbo", EngineOptions(precision="fp16"), tmp_path / "cache")
    assert size == sum((folder / name).stat().st_size for name in here.fetched)
    assert {name for name in here.fetched if "safetensors" in name} == {
        f"{part}.safetensors" for part in PARTS
    }


def test_the_gigabytes_are_the_listings_where_the_hub_answers(
    here: Hub, turbo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add(TURBO, turbo)
    listed = gpu_download(TURBO)
    assert listed
    assert listed.source == "by the hub's listing"
    assert listed.size_bytes == sum(file.size_bytes for file in chosen_files(turbo, "fp16").files)
    whole = download_of(TURBO, "fp32")
    assert whole
    assert whole.size_bytes > 1.5 * listed.size_bytes
    assert here.fetched == ["model_index.json"] * 2
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert not (tmp_path / "cache" / f"models--{TURBO.replace('/', '--')}").exists()
    known = gpu_download(TURBO)
    assert str(known) == "6.9 GB of files (as published; the hub does not answer)"
    assert gpu_download("nobody/nothing") is None


def test_weights_whose_fetch_was_broken_off_are_named(here: Hub, turbo: Path, tmp_path: Path) -> None:
    here.add(TURBO, turbo)
    folder = folder_of(model_name(TURBO), "fp16")
    (folder / "vae" / "diffusion_pytorch_model.fp16.safetensors").unlink()
    with pytest.raises(WeightsMissing, match=r"are not all here: .*in vae, has no weights - connect to the"):
        folder_of(ModelName(TURBO), "fp16", fetch=False)
    assert folder_of(ModelName(TURBO), "fp16") == folder
    assert chosen_files(folder, "fp16").weights
    with pytest.raises(WeightsMissing, match="the weights of 'org/other' are not here"):
        folder_of(ModelName("org/other"), "fp16", fetch=False)


def test_a_pipelines_index_that_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(json.dumps(["StableDiffusionXLPipeline"]))
    with pytest.raises(EngineUnavailable, match=r"model_index\.json is cut short or damaged"):
        chosen_files(tmp_path, "fp16")


def test_doctor_says_how_much_there_is_to_fetch(
    here: Hub, turbo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.add(TURBO, turbo)
    with pytest.raises(
        WeightsMissing, match=r"are not here: 0\.0 GB of files \(by the hub's listing\) - connect"
    ):
        PAINTERS.check("sdxl_turbo", EngineOptions(device="cpu"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for precision, size in (("auto", r"13\.9"), ("fp16", r"6\.9")):
        with pytest.raises(
            WeightsMissing, match=rf"are not here: {size} GB of files \(as published; the hub"
        ):
            PAINTERS.check("sdxl_turbo", EngineOptions(device="cpu", precision=precision))
    with pytest.raises(WeightsMissing, match="the weights of 'org/name' are not here - connect"):
        PAINTERS.check("sdxl_turbo", EngineOptions(model="org/name", device="cpu"))
