"""A vision-language model as the reader, on a tiny checkpoint: it knows nothing; its scenes are whole."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration

from config.engine import EngineOptions, ignore_progress
from config.errors import EngineFailed, EngineUnavailable
from inference.text.slots import Feed
from tests.long import few_first
from tests.tiny import qwen_vl
from tests.vision.photos import SHOTS, shot
from vision.contract import READERS, ImageRequest, Scene
from vision.qwen_vl.engine import QwenVlReader
from vision.qwen_vl.slots import PictureSlots

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen_vl(tmp_path_factory.mktemp("qwen_vl"))


@pytest.fixture(scope="module")
def reader(folder: Path) -> QwenVlReader:
    loaded = READERS.load("qwen_vl", EngineOptions(model=str(folder), precision="fp32"))
    assert isinstance(loaded, QwenVlReader)
    return loaded


def test_scenes_of_random_weights_are_all_whole(reader: QwenVlReader) -> None:
    wishes = [ImageRequest(shot(kind), number) for number, kind in enumerate(SHOTS)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda wish: reader.read(wish, ignore_progress), wishes))
    for scene in found:
        Scene.model_validate(scene.model_dump())
        assert 1 <= len(scene.elements) <= 6
        assert 1 <= len(scene.genres) <= 3
    assert len({scene.description for scene in found}) > 8
    assert len({scene.mood for scene in found}) > 2


@pytest.mark.parametrize("precision", few_first(1, ["fp32", "bf16"]))
def test_the_path_of_a_gpu_reads_the_same_scenes(folder: Path, precision: str) -> None:
    """Loading before there is a GPU, and the precision and the steps of one: here on a processor."""
    model = {"model": str(folder), "precision": precision}
    wishes = [ImageRequest(shot(kind), number) for number, kind in enumerate(list(SHOTS)[:5])]
    readers = [
        QwenVlReader.from_options(EngineOptions(**model)),
        QwenVlReader.from_options(EngineOptions(**model, gpu_path=True)),
        QwenVlReader.from_options(EngineOptions(**model, staged=True)),
    ]
    readers[2].move_to_gpu("cpu")
    alone, gpus, staged = ([reader.read(wish, ignore_progress) for wish in wishes] for reader in readers)
    assert gpus == alone
    assert staged == alone
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda wish: readers[1].read(wish, ignore_progress), wishes)) == alone


def test_logits_that_are_no_numbers_are_an_error_and_no_scene(folder: Path) -> None:
    reader = QwenVlReader.from_options(EngineOptions(model=str(folder), precision="fp16", gpu_path=True))
    reader._model.model.language_model.layers[1].mlp.down_proj.weight.data.fill_(torch.inf)
    with pytest.raises(EngineFailed) as raised:
        reader.read(ImageRequest(shot("sea"), 1), ignore_progress)
    for part in ("'qwen_vl'", str(folder), "fp16", "are not numbers", "PRECISION to bf16 or fp32"):
        assert part in str(raised.value)


def test_the_photo_itself_decides_and_not_only_its_size(reader: QwenVlReader) -> None:
    """With one seed, photos of the same size give scenes of their own."""
    found = {
        reader.read(ImageRequest(shot(kind), 1), ignore_progress).model_dump_json()
        for kind in ("day", "night", "sea", "noise")
    }
    assert len(found) == 4


@pytest.mark.parametrize(("count", "tokens"), [(1, 1), (3, 1), (3, 4)])
def test_each_step_gives_the_logits_that_transformers_gives(
    folder: Path, reader: QwenVlReader, count: int, tokens: int
) -> None:
    """There in one pass over prompt, photo and twelve more tokens, with transformers' own positions; here
    a few tokens at a time, with photos of other sizes between."""
    model = Qwen2VLForConditionalGeneration.from_pretrained(folder).eval()
    sizes = [(96, 64), (64, 160), (120, 120)][:count]
    rng = np.random.default_rng(7)
    inputs = [reader._inputs(rng.integers(0, 256, (*size, 3), np.uint8)) for size in sizes]
    slots = PictureSlots(model, count)
    for slot, (ids, beside) in enumerate(inputs):
        slots.begin(slot, ids[:-1], 20, **beside)
    more = rng.integers(0, 1000, (count, 12))
    got = []
    read = [(int(inputs[slot][0][-1]), *more[slot, :11].tolist()) for slot in range(count)]
    places = range(0, 12, tokens)
    for place in places:
        slots.step({slot: Feed(read[slot][place : place + tokens]) for slot in range(count)})
        got.append(slots.logits(dict.fromkeys(range(count), tokens - 1)).clone())
    for slot, (ids, beside) in enumerate(inputs):
        whole = torch.cat([ids, torch.tensor(more[slot, :11])])[None]
        kinds = torch.nn.functional.pad(beside["mm_token_type_ids"], (0, 12))
        with torch.inference_mode():
            expected = model(
                input_ids=whole,
                pixel_values=beside["pixel_values"],
                image_grid_thw=beside["image_grid_thw"],
                mm_token_type_ids=kinds,
                logits_to_keep=12,
            ).logits[0]
        ours = torch.stack([logits[slot] for logits in got])
        expected = expected[[place + tokens - 1 for place in places]]
        assert torch.allclose(ours, expected, atol=1e-4), (ours - expected).abs().max()
        assert expected.std() > 0.01


def test_a_large_photo_takes_no_more_tokens_than_may_be(reader: QwenVlReader) -> None:
    ids, beside = reader._inputs(np.zeros((2048, 1536, 3), np.uint8))
    assert 1000 < int(beside["mm_token_type_ids"].sum()) <= 1280
    assert len(ids) < 2048


def test_the_manifest_names_licence_model_and_revision(reader: QwenVlReader) -> None:
    assert reader.info.name == "qwen_vl"
    assert reader.info.revision.startswith("sha256-")
    assert reader.info.precision == "fp32"


def test_a_chat_template_without_a_picture_is_refused(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    for path in copy.glob("*.jinja"):
        path.unlink()
    settings = json.loads((copy / "tokenizer_config.json").read_text())
    settings["chat_template"] = "{% for message in messages %}{{ message.role }}{% endfor %}"
    (copy / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(EngineUnavailable, match="no place for a picture"):
        READERS.load("qwen_vl", EngineOptions(model=str(copy)))
