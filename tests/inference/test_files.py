"""Which files of a checkpoint are fetched and read, on the published listings of all models that are a
default or documented."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from config.errors import EngineUnavailable
from config.models import gpu_download, known_download
from inference.files import CONVERTED, Choice, File, gpu_precision, wanted_files
from inference.weights import SAFETENSORS_AT
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from tests.inference.listings import LISTINGS, Published
from tests.specs import WITH_MODELS

PICKLES_ALONE = [name for name in SAFETENSORS_AT if name in LISTINGS]
READABLE = [name for name in LISTINGS if name not in PICKLES_ALONE]


def chosen(name: str, precision: str = "") -> Choice:
    listing = LISTINGS[name]
    auto = gpu_precision(listing.index or {})
    return wanted_files(listing.files, precision or auto, listing.index, where=name)


def weights(name: str, precision: str = "") -> list[str]:
    return [file.name for file in chosen(name, precision).weights]


def as_it_was(listing: Published) -> int:
    """Bytes that were fetched before there was a rule: all safetensors but those named fp16."""
    kept = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
    return sum(
        size
        for name, size in listing.sizes.items()
        if any(fnmatch(name, pattern) for pattern in kept) and not fnmatch(name, "*.fp16.*")
    )


def test_the_defaults_of_a_deployment_are_at_most_51_gb() -> None:
    settings = Deployment(_env_file=None)  # type: ignore[call-arg]
    rows, before, after = [], 0, 0
    for craft in crafts_in_use(settings):
        engine = getattr(settings, craft).engine
        model = WITH_MODELS[engine].default_model
        was, now = as_it_was(LISTINGS[model]), chosen(model).size_bytes
        rows.append(f"{engine:<12}{model:<42}{was / 1e9:>6.1f} GB{now / 1e9:>7.1f} GB")
        before, after = before + was, after + now
    rows.append(f"{'all':<54}{before / 1e9:>6.1f} GB{after / 1e9:>7.1f} GB")
    print("\n" + "\n".join(rows))
    assert before > 77e9
    assert 45e9 < after <= 51e9


@pytest.mark.parametrize("name", READABLE)
def test_each_tensor_is_read_once_and_nothing_else_is_fetched(name: str) -> None:
    for precision in ("fp32", "bf16", "fp16"):
        choice = chosen(name, precision)
        names = [file.name for file in choice.files]
        assert len(names) == len(set(names))
        for other in (".bin", ".onnx", ".msgpack", ".md", ".png", ".xml", "onnx_data"):
            assert not any(file.endswith(other) for file in names if file != CONVERTED)
        # In each folder one variant, and whole.
        for folder in {file.name.rpartition("/")[0] for file in choice.weights}:
            here = [file.name for file in choice.weights if file.name.rpartition("/")[0] == folder]
            assert len({file.partition(".")[2].partition("-")[0] for file in here if "-of-" not in file}) <= 1
            assert len(here) == 1 or all(f"-of-{len(here):05d}" in file for file in here)


def test_of_sdxl_turbo_only_the_folders_in_the_wanted_numbers_are_read() -> None:
    parts = ("text_encoder/model", "text_encoder_2/model", "unet/diffusion_pytorch_model")
    parts += ("vae/diffusion_pytorch_model",)
    assert weights("stabilityai/sdxl-turbo", "fp16") == [f"{part}.fp16.safetensors" for part in parts]
    assert weights("stabilityai/sdxl-turbo", "fp32") == [f"{part}.safetensors" for part in parts]
    assert chosen("stabilityai/sdxl-turbo", "fp16").variant == "fp16"
    assert chosen("stabilityai/sdxl-turbo", "fp32").variant is None
    # Another vae, encoders of ONNX: folders that model_index.json does not name.
    names = [file.name for file in chosen("stabilityai/stable-diffusion-xl-base-1.0").files]
    assert not any(name.startswith(("vae_", "sd_xl")) for name in names)


def test_of_the_stereo_musicgens_a_gpu_reads_the_halved_copy_and_fp32_the_other() -> None:
    assert weights("facebook/musicgen-stereo-small", "fp16") == ["model.safetensors"]
    assert weights("facebook/musicgen-stereo-small", "fp32") == ["model.fp32.safetensors"]
    both = weights("facebook/musicgen-stereo-medium", "fp32")
    assert both == [f"model.fp32-0000{number}-of-00002.safetensors" for number in (1, 2)]
    names = [file.name for file in chosen("facebook/musicgen-stereo-medium", "fp32").texts]
    assert "model.safetensors.index.fp32.json" in names
    names = [file.name for file in chosen("facebook/musicgen-stereo-medium", "fp16").texts]
    assert "model.safetensors.index.fp32.json" not in names


@pytest.mark.parametrize("name", PICKLES_ALONE)
def test_pickles_alone_are_refused_with_the_revision_that_has_safetensors(name: str) -> None:
    at = f"{name}@{SAFETENSORS_AT[name]}"
    listing = LISTINGS[name]
    with pytest.raises(EngineUnavailable, match=f"^{name} has only pickled weights - use {at}: pickles can"):
        wanted_files(listing.files, "fp16", where=name, instead=at)
    assert all(file.endswith(".safetensors") for file in weights(at))
    assert not any("bin" in file.name for file in chosen(at).files)


def files(*names: str) -> list[File]:
    return [File(name, 10) for name in names]


UNET = {"_class_name": "StableDiffusionXLPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}
TWO = UNET | {"vae": ["diffusers", "AutoencoderKL"], "feature_extractor": [None, None]}


def test_a_variant_that_is_not_there_is_no_error() -> None:
    listing = files("config.json", "model.safetensors")
    choice = wanted_files(listing, "fp16")
    assert choice.variant is None
    assert [file.name for file in choice.weights] == ["model.safetensors"]
    assert choice.size_bytes == 20


def test_a_variant_that_only_some_parts_have_is_taken_of_those() -> None:
    name = "diffusion_pytorch_model"
    listing = files(
        *("unet/config.json", f"unet/{name}.safetensors", f"unet/{name}.fp16.safetensors"),
        *("vae/config.json", f"vae/{name}.safetensors"),
    )
    choice = wanted_files(listing, "fp16", TWO)
    assert choice.variant == "fp16"
    taken = [file.name for file in choice.weights]
    assert taken == [f"unet/{name}.fp16.safetensors", f"vae/{name}.safetensors"]


def test_of_a_single_file_and_shards_the_one_is_taken_that_the_library_loads() -> None:
    shards = [f"-0000{number}-of-00002.safetensors" for number in (1, 2)]
    listing = files("model.safetensors", "model.safetensors.index.json", *(f"model{end}" for end in shards))
    assert [file.name for file in wanted_files(listing, "bf16").files] == ["model.safetensors"]
    stem = "unet/diffusion_pytorch_model"
    beside = (f"{stem}.safetensors", f"{stem}.safetensors.index.json", *(f"{stem}{end}" for end in shards))
    choice = wanted_files(files("unet/config.json", *beside), "bf16", UNET)
    assert [file.name for file in choice.weights] == [f"{stem}{end}" for end in shards]


@pytest.mark.parametrize(
    ("names", "index", "says"),
    [
        (["config.json"], None, "org/name has no weights - give a checkpoint with"),
        (["config.json", "model.onnx"], None, "org/name has no weights"),
        (["model.ckpt"], None, "org/name has only pickled weights - convert it with save_pretrained"),
        (["consolidated.safetensors", "config.json"], None, "org/name has no weights"),
        (
            ["model-00001-of-00002.safetensors", "model.safetensors.index.json"],
            None,
            "org/name lacks model-00002-of-00002.safetensors - fetch it again",
        ),
        (
            ["model-00001-of-00001.safetensors"],
            None,
            "org/name lacks model.safetensors.index.json",
        ),
        (
            ["unet/config.json", "unet/diffusion_pytorch_model.bin"],
            UNET,
            "org/name, in unet, has only pickled",
        ),
        (
            ["unet/config.json", "unet/diffusion_pytorch_model.safetensors"],
            TWO,
            "org/name lacks vae, which model_index.json names",
        ),
        (["sd_xl_turbo_1.0.safetensors", "unet/config.json"], UNET, "org/name, in unet, has no weights"),
    ],
)
def test_what_cannot_be_read_is_refused_from_its_names(
    names: list[str], index: dict[str, object] | None, says: str
) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        wanted_files(files(*names), "fp16", index, where="org/name")
    assert str(caught.value).startswith(says)


def test_parts_in_different_numbers_are_refused() -> None:
    listing = files(
        *("unet/config.json", "unet/diffusion_pytorch_model.fp16.safetensors"),
        *("vae/config.json", "vae/diffusion_pytorch_model.bf16.safetensors"),
    )
    with pytest.raises(EngineUnavailable, match="different numbers"):
        wanted_files(listing, "fp16", TWO)


@pytest.mark.parametrize("name", [name for name in LISTINGS if "@" not in name])
def test_what_a_version_knows_without_the_hub_is_what_the_listings_say(name: str) -> None:
    at = f"{name}@{SAFETENSORS_AT[name]}" if name in SAFETENSORS_AT else name
    for given, precision in (("auto", ""), ("fp32", "fp32")):
        known = known_download(name, given)
        assert known
        assert known.size_bytes == chosen(at, precision).size_bytes, (name, precision)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_an_engines_default_is_the_one_that_is_counted() -> None:
    found = {}
    for registry in REGISTRIES.values():
        for engine in set(registry) & WITH_MODELS.keys() - {"audiocraft"}:  # its packages are not here
            found[engine] = registry._class(engine).spec.default_model
    assert found == {engine: WITH_MODELS[engine].default_model for engine in found}
    assert len(found) == len(WITH_MODELS) - 1
    assert WITH_MODELS["audiocraft"].default_model == WITH_MODELS["musicgen"].default_model
    for model in found.values():
        assert known_download(model)


def test_an_engine_without_a_model_and_a_model_that_nobody_knows_have_no_size() -> None:
    assert gpu_download("") is None
    assert known_download("nobody/nothing") is None


def test_of_a_bag_of_demucs_the_models_and_their_list_are_read() -> None:
    listed = [File(name, 10) for name in ("README.md", "htdemucs.yaml", "955717e8.safetensors", "old.th")]
    choice = wanted_files(listed, "fp32")
    assert [file.name for file in choice.files] == ["htdemucs.yaml", "955717e8.safetensors"]
    assert choice.variant is None
    with pytest.raises(EngineUnavailable, match="no weights"):
        wanted_files([File("955717e8.safetensors", 10)], "fp32")
