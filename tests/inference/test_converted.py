"""Models in CTranslate2's format: which files are read, and that no other engine takes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import EngineUnavailable
from inference.files import File, wanted_files
from inference.weights import revision_of, stored_tensors

TURBO = (
    ".gitattributes", "README.md", "config.json", "model.bin", "preprocessor_config.json", "tokenizer.json",
    "vocabulary.json",
)  # fmt: skip
"""As faster-whisper fetches them by name (``faster_whisper.utils.download_model``)."""


def files(*names: str) -> list[File]:
    return [File(name, 10) for name in names]


@pytest.mark.parametrize("vocabulary", ["vocabulary.json", "vocabulary.txt"])
def test_what_faster_whisper_reads_is_wanted(vocabulary: str) -> None:
    listed = files(*(name for name in TURBO if name != "vocabulary.json"), vocabulary)
    choice = wanted_files(listed, "fp16")
    assert [file.name for file in choice.weights] == ["model.bin"]
    assert {file.name for file in choice.texts} == {
        "config.json", "preprocessor_config.json", "tokenizer.json", vocabulary
    }  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [("config.json", "pytorch_model.bin", "vocabulary.txt"), ("config.json", "model.bin", "vocab.json")],
    ids=["a pickle", "another's vocabulary"],
)
def test_a_pickle_is_none(names: tuple[str, ...]) -> None:
    with pytest.raises(EngineUnavailable, match="pickle"):
        wanted_files(files(*names), "fp16")


def test_safetensors_win() -> None:
    choice = wanted_files(files(*TURBO, "model.safetensors"), "fp16")
    assert [file.name for file in choice.weights] == ["model.safetensors"]


def test_an_engine_of_safetensors_says_what_it_was_given(tmp_path: Path) -> None:
    for name in TURBO:
        (tmp_path / name).write_text(name)
    with pytest.raises(EngineUnavailable, match="CTranslate2's format"):
        stored_tensors(tmp_path, "fp16")


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    found = set()
    for content in ("one", "two"):
        (tmp_path / "model.bin").write_text(content)
        found.add(revision_of(tmp_path))
    assert len(found) == 2
