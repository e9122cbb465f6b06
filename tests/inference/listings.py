"""The published listings of all models that are a default or documented: what is in each repository, and how
many bytes. No hub can be reached where this was written, so each says where its figures are from: a listing
that was published, byte by byte, or "computed" from the model's shapes: numbers x bytes, without the headers
of the files, a ten-thousandth. Texts of a few kB are left out where no listing has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference.files import File


@dataclass(frozen=True)
class Published:
    """A repository at a revision. ``index`` is what its ``model_index.json`` says, if it has one."""

    source: str
    sizes: Mapping[str, int]
    index: Mapping[str, Any] | None = None

    @property
    def files(self) -> list[File]:
        return [File(name, size_bytes) for name, size_bytes in self.sizes.items()]


def _sharded(stem: str, *sizes: int, index: int = 30_000) -> dict[str, int]:
    shards = {
        f"{stem}-{number:05d}-of-{len(sizes):05d}.safetensors": size for number, size in enumerate(sizes, 1)
    }
    return shards | {f"{stem}.safetensors.index.json": index}


# Qwen/Qwen2.5-7B-Instruct has the same tensors in the same shards, to 14 bytes of header, and its listing
# is published: github, "EXPECTED_SHARDS" beside revision a09a35458c702b33eeacc393d103063234e8bc28.
_QWEN_TEXTS = {
    "config.json": 663,
    "generation_config.json": 243,
    "merges.txt": 1_671_839,
    "tokenizer.json": 7_031_645,
    "tokenizer_config.json": 1_287,
    "vocab.json": 2_776_833,
    "LICENSE": 11_343,
    "README.md": 6_240,
}

_SDXL_INDEX = {
    "_class_name": "StableDiffusionXLPipeline",
    "force_zeros_for_empty_prompt": True,
    "feature_extractor": [None, None],
    "scheduler": ["diffusers", "EulerDiscreteScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "tokenizer_2": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}

_SDXL = {
    "model_index.json": 609,
    "scheduler/scheduler_config.json": 479,
    "text_encoder/config.json": 565,
    "text_encoder/model.fp16.safetensors": 246_144_152,
    "text_encoder/model.safetensors": 492_265_168,
    "text_encoder_2/config.json": 575,
    "text_encoder_2/model.fp16.safetensors": 1_389_382_176,
    "text_encoder_2/model.safetensors": 2_778_702_264,
    "tokenizer/merges.txt": 524_619,
    "tokenizer/special_tokens_map.json": 472,
    "tokenizer/tokenizer_config.json": 737,
    "tokenizer/vocab.json": 1_059_962,
    "tokenizer_2/merges.txt": 524_619,
    "tokenizer_2/special_tokens_map.json": 460,
    "tokenizer_2/tokenizer_config.json": 725,
    "tokenizer_2/vocab.json": 1_059_962,
    "unet/config.json": 1_680,
    "unet/diffusion_pytorch_model.fp16.safetensors": 5_135_149_760,
    "unet/diffusion_pytorch_model.safetensors": 10_270_077_736,
    "vae/config.json": 642,
    "vae/diffusion_pytorch_model.fp16.safetensors": 167_335_342,
    "vae/diffusion_pytorch_model.safetensors": 334_643_268,
}
"""What stable-diffusion-xl-base-1.0 and sdxl-turbo have in common, to the byte: the same shapes."""

_ACESTEP_INDEX = {
    "_class_name": "AceStepPipeline",
    "condition_encoder": ["diffusers", "AceStepConditionEncoder"],
    "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
    "text_encoder": ["transformers", "Qwen3Model"],
    "tokenizer": ["transformers", "Qwen2TokenizerFast"],
    "transformer": ["diffusers", "AceStepTransformer1DModel"],
    "vae": ["diffusers", "AutoencoderOobleck"],
}
_ACESTEP = {
    "model_index.json": 600,
    "README.md": 10_000,
    "condition_encoder/config.json": 600,
    "condition_encoder/diffusion_pytorch_model.safetensors": 609_329_664 * 2,
    "scheduler/scheduler_config.json": 500,
    "text_encoder/config.json": 1_359,
    "text_encoder/model.safetensors": 1_191_586_416,
    "tokenizer/added_tokens.json": 707,
    "tokenizer/chat_template.jinja": 4_168,
    "tokenizer/merges.txt": 1_671_853,
    "tokenizer/special_tokens_map.json": 613,
    "tokenizer/tokenizer.json": 11_423_705,
    "tokenizer/tokenizer_config.json": 5_404,
    "tokenizer/vocab.json": 2_776_833,
    "transformer/config.json": 800,
    # diffusers begins a new shard at 5 GB by default: the size of each shard is assumed.
    **_sharded("transformer/diffusion_pytorch_model", 4_990_000_000, 4_168_897_088 * 2 - 4_990_000_000),
    "vae/config.json": 425,
    "vae/diffusion_pytorch_model.safetensors": 337_431_388,
}


def _musicgen(weights: Mapping[str, int]) -> dict[str, int]:
    texts = {
        "config.json": 7_868,
        "generation_config.json": 224,
        "preprocessor_config.json": 275,
        "special_tokens_map.json": 2_201,
        "spiece.model": 791_656,
        "tokenizer.json": 2_422_095,
        "tokenizer_config.json": 2_370,
        "README.md": 10_000,
        "compression_state_dict.bin": 236_000_000,
    }
    return texts | dict(weights)


_T5_TWICE = 32_128 * 768  # the text encoder's embedding has two names, and is stored once
# Numbers of ``MusicgenForConditionalGeneration`` with each one's published config, buffers with them.
_SMALL, _MEDIUM, _LARGE = (613_664_326, 2_032_030_790, 3_450_249_798)
_STEREO_SMALL, _STEREO_MEDIUM, _STEREO_LARGE = (630_445_638, 2_057_202_758, 3_483_812_422)
# Likewise of ``MusicgenMelodyForConditionalGeneration``, with the positions, 2,048 times the width: they were
# a parameter when these were published.
_MELODY = {"melody": 1_582_064_198, "stereo-melody": 1_607_236_166}
_MELODY |= {"melody-large": 2_648_967_750, "stereo-melody-large": 2_682_530_374}


def _melody(size: str) -> Published:
    weights = (_MELODY[size] - _T5_TWICE) * 4
    whole, rest = divmod(weights, 4_990_000_000)
    return Published(
        "nobody's listing is known. That all four are in shards of safetensors: a survey at github; fp32, and"
        " at most 5 GB each, is what transformers' own convert_musicgen_melody_transformers.py writes;"
        f" computed: {_MELODY[size] - _T5_TWICE:,} numbers x 4 bytes; the size of each shard is assumed",
        _musicgen(_sharded("model", *[4_990_000_000] * whole, rest)),
    )


LISTINGS = {
    "Qwen/Qwen2-7B-Instruct": Published(
        "computed: 7,615,616,512 numbers x 2 bytes, as metadata.total_size of its index says (15231233024);"
        " shards as in Qwen2.5-7B-Instruct, which has the same shapes",
        _QWEN_TEXTS
        | _sharded("model", 3_945_441_440, 3_864_726_352, 3_864_726_424, 3_556_377_672, index=27_752),
    ),
    "Qwen/Qwen2-VL-7B-Instruct": Published(
        "computed: metadata.total_size of its index is 16582751232 (a conversion script at github names it);"
        " five shards, four of them as in Qwen2.5-VL-7B-Instruct's listing, and the rest in the fourth",
        _QWEN_TEXTS
        | {"chat_template.json": 1_050, "preprocessor_config.json": 347}
        | _sharded(
            "model",
            3_900_233_256,
            3_864_726_320,
            3_864_726_424,
            16_582_751_232 - 3_900_233_256 - 3_864_726_320 - 3_864_726_424 - 1_089_994_880,
            1_089_994_880,
            index=56_000,
        ),
    ),
    "ACE-Step/acestep-v15-xl-turbo-diffusers": Published(
        "the 21 names: a list at github (ACE_STEP_DIFFUSERS_FILES); 11.1 GB in all, bf16: github, a manifest"
        " of revision 200ba991ae448051e14b0183157e35c2d27c9fb0; vae and text encoder: the listing of"
        " ACE-Step/Ace-Step1.5; transformer and condition encoder computed: 4,168,897,088 and 609,329,664"
        " numbers x 2 bytes",
        _ACESTEP,
        _ACESTEP_INDEX,
    ),
    "ACE-Step/acestep-v15-xl-base-diffusers": Published(
        "computed: as turbo's, 7,952 MiB of transformer by a definition at github, and both audio tokenizers,"
        " 105,032,198 and 105,011,776 numbers x 2 bytes: 11.5 GB in all, as github has it from the hub's API",
        _ACESTEP
        | {
            "audio_tokenizer/config.json": 600,
            "audio_tokenizer/diffusion_pytorch_model.safetensors": 105_032_198 * 2,
            "audio_token_detokenizer/config.json": 600,
            "audio_token_detokenizer/diffusion_pytorch_model.safetensors": 105_011_776 * 2,
        },
        _ACESTEP_INDEX
        | {
            "audio_tokenizer": ["diffusers", "AceStepAudioTokenizer"],
            "audio_token_detokenizer": ["diffusers", "AceStepAudioTokenDetokenizer"],
        },
    ),
    "facebook/musicgen-small": Published(
        "the names: a download guide at github; computed: 588,990,022 numbers x 4 bytes",
        _musicgen(
            {
                "model.safetensors": (_SMALL - _T5_TWICE) * 4,
                "pytorch_model.bin": (_SMALL - _T5_TWICE) * 4,
                "state_dict.bin": 841_000_000,
            }
        ),
    ),
    "facebook/musicgen-medium": Published(
        "pickles alone on main; computed: 2,007,356,486 numbers x 4 bytes",
        _musicgen({"pytorch_model.bin": (_MEDIUM - _T5_TWICE) * 4, "state_dict.bin": 3_680_000_000}),
    ),
    "facebook/musicgen-medium@refs/pr/10": Published(
        "computed: the same in safetensors",
        _musicgen(
            {
                "model.safetensors": (_MEDIUM - _T5_TWICE) * 4,
                "pytorch_model.bin": (_MEDIUM - _T5_TWICE) * 4,
                "state_dict.bin": 3_680_000_000,
            }
        ),
    ),
    "facebook/musicgen-large": Published(
        "pickles alone on main, in two files, the second of 3731557007 bytes: a download script at github;"
        " computed: 3,425,575,494 numbers x 4 bytes in all",
        _musicgen(
            {
                "pytorch_model-00001-of-00002.bin": (_LARGE - _T5_TWICE) * 4 - 3_731_557_007,
                "pytorch_model-00002-of-00002.bin": 3_731_557_007,
                "pytorch_model.bin.index.json": 140_000,
                "state_dict.bin": 6_510_000_000,
            }
        ),
    ),
    "facebook/musicgen-large@refs/pr/18": Published(
        "computed: the same in safetensors, in two shards as the hub's converter makes them",
        _musicgen(
            {
                "pytorch_model-00001-of-00002.bin": (_LARGE - _T5_TWICE) * 4 - 3_731_557_007,
                "pytorch_model-00002-of-00002.bin": 3_731_557_007,
                "pytorch_model.bin.index.json": 140_000,
                "state_dict.bin": 6_510_000_000,
            }
            | _sharded("model", (_LARGE - _T5_TWICE) * 4 - 3_731_557_007, 3_731_557_007, index=140_000)
        ),
    ),
    "facebook/musicgen-stereo-small": Published(
        "fp16, and an fp32 copy under the name model.fp32: real_path.md; computed: 605,771,334 numbers x 2"
        " and x 4 bytes",
        _musicgen(
            {
                "model.safetensors": (_STEREO_SMALL - _T5_TWICE) * 2,
                "model.fp32.safetensors": (_STEREO_SMALL - _T5_TWICE) * 4,
                "state_dict.bin": 874_000_000,
            }
        ),
    ),
    "facebook/musicgen-stereo-medium": Published(
        "a model.safetensors: a download script at github; computed: 2,032,528,454 numbers x 2 bytes",
        _musicgen(
            {
                "model.safetensors": (_STEREO_MEDIUM - _T5_TWICE) * 2,
                "state_dict.bin": 3_730_000_000,
            }
            | {
                "model.fp32-00001-of-00002.safetensors": 4_990_000_000,
                "model.fp32-00002-of-00002.safetensors": (_STEREO_MEDIUM - _T5_TWICE) * 4 - 4_990_000_000,
                "model.safetensors.index.fp32.json": 90_000,
            }
        ),
    ),
    "facebook/musicgen-stereo-large": Published(
        "a model.safetensors: a download script at github; computed: 3,459,138,118 numbers x 2 bytes",
        _musicgen(
            {
                "model.safetensors": (_STEREO_LARGE - _T5_TWICE) * 2,
                "state_dict.bin": 6_580_000_000,
            }
        ),
    ),
    **{f"facebook/musicgen-{size}": _melody(size) for size in _MELODY},
    "stabilityai/sdxl-turbo": Published(
        "the folders to the byte: github, a manifest of revision 71153311d3dbb46851df1931d3ca6e939de83304"
        " (fp32 ones 13878864870 bytes in all; fp16 ones by file); root: 6938081905 in many lists, the fp32"
        " one as sd_xl_base_0.9's, which has the same tensors",
        _SDXL
        | {
            "sd_xl_turbo_1.0.safetensors": 13_875_726_784,
            "sd_xl_turbo_1.0_fp16.safetensors": 6_938_081_905,
            "LICENSE.md": 9_000,
            "README.md": 9_000,
        },
        _SDXL_INDEX | {"scheduler": ["diffusers", "EulerAncestralDiscreteScheduler"]},
    ),
    "stabilityai/stable-diffusion-xl-base-1.0": Published(
        "the hub's API, as printed in a script at github (all files over 1 MiB); the small ones: github, a"
        " download script",
        _SDXL
        | {
            "01.png": 4_608_613,
            "sd_xl_base_1.0.safetensors": 6_938_078_334,
            "sd_xl_base_1.0_0.9vae.safetensors": 6_938_078_334,
            "sd_xl_offset_example-lora_1.0.safetensors": 49_553_604,
            "text_encoder/flax_model.msgpack": 492_248_682,
            "text_encoder/model.onnx": 492_587_457,
            "text_encoder/openvino_model.bin": 492_242_672,
            "text_encoder/openvino_model.xml": 1_057_789,
            "text_encoder_2/flax_model.msgpack": 2_778_657_095,
            "text_encoder_2/model.onnx_data": 2_778_639_360,
            "text_encoder_2/openvino_model.bin": 2_778_640_120,
            "text_encoder_2/openvino_model.xml": 2_790_191,
            "unet/diffusion_flax_model.msgpack": 10_269_915_611,
            "unet/model.onnx": 7_293_842,
            "unet/model.onnx_data": 10_269_854_720,
            "unet/openvino_model.bin": 10_269_856_428,
            "unet/openvino_model.xml": 22_577_438,
            "vae/diffusion_flax_model.msgpack": 334_623_853,
            "vae_1_0/diffusion_pytorch_model.fp16.safetensors": 167_335_342,
            "vae_1_0/diffusion_pytorch_model.safetensors": 334_643_268,
            "vae_decoder/model.onnx": 198_093_688,
            "vae_decoder/openvino_model.bin": 197_961_232,
            "vae_encoder/model.onnx": 136_775_724,
            "vae_encoder/openvino_model.bin": 136_655_184,
        },
        _SDXL_INDEX,
    ),
    "black-forest-labs/FLUX.2-klein-4B": Published(
        "github, a manifest with sizes and hashes of revision e7b7dc27f91deacad38e78976d1f2b499d76a294; the"
        " root checkpoint: many lists",
        {
            "model_index.json": 446,
            "scheduler/scheduler_config.json": 486,
            "text_encoder/config.json": 1_536,
            "text_encoder/generation_config.json": 214,
            "text_encoder/model-00001-of-00002.safetensors": 4_967_215_360,
            "text_encoder/model-00002-of-00002.safetensors": 3_077_766_632,
            "text_encoder/model.safetensors.index.json": 32_855,
            "tokenizer/added_tokens.json": 707,
            "tokenizer/chat_template.jinja": 4_168,
            "tokenizer/merges.txt": 1_671_853,
            "tokenizer/special_tokens_map.json": 613,
            "tokenizer/tokenizer.json": 11_422_654,
            "tokenizer/tokenizer_config.json": 5_404,
            "tokenizer/vocab.json": 2_776_833,
            "transformer/config.json": 541,
            "transformer/diffusion_pytorch_model.safetensors": 7_751_109_744,
            "vae/config.json": 821,
            "vae/diffusion_pytorch_model.safetensors": 168_120_878,
            "flux-2-klein-4b.safetensors": 7_751_105_712,
            "LICENSE.md": 11_000,
            "README.md": 9_000,
        },
        {
            "_class_name": "Flux2KleinPipeline",
            "is_distilled": True,
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "Qwen3ForCausalLM"],
            "tokenizer": ["transformers", "Qwen2TokenizerFast"],
            "transformer": ["diffusers", "Flux2Transformer2DModel"],
            "vae": ["diffusers", "AutoencoderKLFlux2"],
        },
    ),
    "black-forest-labs/FLUX.1-schnell": Published(
        "github, a manifest with sizes and hashes of revision 741f7c3ce8b383c54771c7003378a50191e9efe9; the"
        " root checkpoints as FLUX.1-dev's, by the hub's API",
        {
            "model_index.json": 536,
            "scheduler/scheduler_config.json": 274,
            "text_encoder/config.json": 613,
            "text_encoder/model.safetensors": 246_144_352,
            "text_encoder_2/config.json": 782,
            "text_encoder_2/model-00001-of-00002.safetensors": 4_994_582_224,
            "text_encoder_2/model-00002-of-00002.safetensors": 4_530_066_360,
            "text_encoder_2/model.safetensors.index.json": 19_885,
            "tokenizer/merges.txt": 524_619,
            "tokenizer/special_tokens_map.json": 588,
            "tokenizer/tokenizer_config.json": 705,
            "tokenizer/vocab.json": 1_059_962,
            "tokenizer_2/special_tokens_map.json": 2_543,
            "tokenizer_2/spiece.model": 791_656,
            "tokenizer_2/tokenizer.json": 2_424_235,
            "tokenizer_2/tokenizer_config.json": 20_817,
            "transformer/config.json": 321,
            "transformer/diffusion_pytorch_model-00001-of-00003.safetensors": 9_962_580_296,
            "transformer/diffusion_pytorch_model-00002-of-00003.safetensors": 9_949_328_904,
            "transformer/diffusion_pytorch_model-00003-of-00003.safetensors": 3_870_584_832,
            "transformer/diffusion_pytorch_model.safetensors.index.json": 120_822,
            "vae/config.json": 774,
            "vae/diffusion_pytorch_model.safetensors": 167_666_902,
            "ae.safetensors": 335_304_388,
            "flux1-schnell.safetensors": 23_782_506_688,
        },
        {
            "_class_name": "FluxPipeline",
            "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"],
            "text_encoder_2": ["transformers", "T5EncoderModel"],
            "tokenizer": ["transformers", "CLIPTokenizer"],
            "tokenizer_2": ["transformers", "T5TokenizerFast"],
            "transformer": ["diffusers", "FluxTransformer2DModel"],
            "vae": ["diffusers", "AutoencoderKL"],
        },
    ),
    "adefossez/HTDemucs": Published(
        "computed: the names are those of demucs 4.1.0 (demucs/hf.py, demucs/remote/htdemucs.yaml), and the"
        " weights as large as the same tensors in fp16 in another repository, set-soft/audio_separation",
        {"955717e8.safetensors": 84_030_352, "htdemucs.yaml": 21},
    ),
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo": Published(
        "published: github, the sizes and hashes of its files beside revision"
        " 0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf, in several programs that fetch them",
        {
            "README.md": 1_430,
            "config.json": 2_263,
            "model.bin": 1_617_884_929,
            "preprocessor_config.json": 340,
            "tokenizer.json": 2_710_337,
            "vocabulary.json": 1_068_114,
        },
    ),
}
"""By a model's id, with the revision where that matters."""
