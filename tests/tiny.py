"""Checkpoints of the real architectures with random weights, a few hundred kB each, saved as the published
ones are. A seed of its own for each, so that they are the same wherever they are built. With ``width`` and
``layers`` they are as large as one likes."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import (
    AceStepPipeline,
    AceStepTransformer1DModel,
    AutoencoderKL,
    AutoencoderKLFlux2,
    AutoencoderOobleck,
    EulerAncestralDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.ace_step.modeling_ace_step import (
    AceStepAudioTokenDetokenizer,
    AceStepAudioTokenizer,
    AceStepConditionEncoder,
)
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    EncodecConfig,
    EncodecFeatureExtractor,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    MusicgenMelodyConfig,
    MusicgenMelodyDecoderConfig,
    MusicgenMelodyForConditionalGeneration,
    MusicgenProcessor,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
    T5Config,
)

# The test run has a worker on each core: more threads would spin, waiting for each other.
torch.set_num_threads(1)

ROOT = Path(__file__).parent.parent
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-#:"


def musicgen(folder: Path, *, channels: int = 1, layers: int = 2, width: int = 64) -> Path:
    """``facebook/musicgen-small`` (stereo: ``musicgen-stereo-small``) in little: T5, decoder, EnCodec."""
    decoder = MusicgenDecoderConfig(**_musicgen_decoder(channels, layers, width))
    return _musicgen(folder, MusicgenConfig(**_musicgen_encoders(layers, width), decoder=decoder))


def musicgen_melody(folder: Path, *, channels: int = 1, layers: int = 2, width: int = 64) -> Path:
    """``facebook/musicgen-melody`` (stereo: ``musicgen-stereo-melody``) in little, without the settings of
    its feature extractor, which needs torchaudio, and which nobody reads. With the positions, which are a
    parameter in transformers 4.39, by which they were published."""
    decoder = MusicgenMelodyDecoderConfig(**_musicgen_decoder(channels, layers, width))
    _musicgen(folder, MusicgenMelodyConfig(**_musicgen_encoders(layers, width), decoder=decoder))
    weights = folder / "model.safetensors"
    positions = {"decoder.model.decoder.embed_positions.weights": torch.zeros(2048, width)}
    save_file(load_file(weights) | positions, weights, metadata={"format": "pt"})
    return folder


def _musicgen_decoder(channels: int, layers: int, width: int) -> dict[str, int]:
    return {
        "vocab_size": 64,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "ffn_dim": 2 * width,
        "num_attention_heads": 4,
        "num_codebooks": 4 * channels,
        "audio_channels": channels,
        "pad_token_id": 64,
        "bos_token_id": 64,
    }


def _musicgen_encoders(layers: int, width: int) -> dict[str, PreTrainedConfig]:
    text = T5Config(
        vocab_size=128,
        d_model=width // 2,
        d_kv=width // 8,
        d_ff=width,
        num_layers=layers,
        num_heads=4,
        is_encoder_decoder=False,
    )
    codec = EncodecConfig(
        sampling_rate=32000,
        audio_channels=1,
        hidden_size=16,
        num_filters=4,
        num_residual_layers=1,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        codebook_size=1024,  # older transformers count codebooks as if each token had ten bits
        codebook_dim=16,
        target_bandwidths=[2.0],
        num_lstm_layers=1,
    )
    return {"text_encoder": text, "audio_encoder": codec}


def musicgen_small(folder: Path) -> Path:
    """``facebook/musicgen-small`` in its own size, 2.4 GB: for measuring time."""
    text = T5Config(
        vocab_size=32128,
        d_model=768,
        d_kv=64,
        d_ff=3072,
        num_layers=12,
        num_heads=12,
        is_encoder_decoder=False,
    )
    codec = EncodecConfig(
        sampling_rate=32000,
        audio_channels=1,
        num_filters=64,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        codebook_size=2048,
        codebook_dim=128,
        target_bandwidths=[2.2],
        use_conv_shortcut=False,
    )
    decoder = MusicgenDecoderConfig()
    return _musicgen(folder, MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder))


def _musicgen(folder: Path, config: MusicgenConfig | MusicgenMelodyConfig) -> Path:
    torch.manual_seed(20261121)
    is_melody = isinstance(config, MusicgenMelodyConfig)
    kind = MusicgenMelodyForConditionalGeneration if is_melody else MusicgenForConditionalGeneration
    model = kind(config).eval()
    if config.decoder.hidden_size < 100:
        # With the usual start all logits lie so close together that nothing chosen from them means anything.
        # And a fresh norm does nothing, nor does a fresh bias: it could be left out, or another's, unseen.
        for weight in (*model.decoder.parameters(), model.enc_to_dec_proj.bias):
            if weight.dim() > 1:
                weight.data.mul_(4.0)
            else:
                weight.data.add_(torch.randn_like(weight), alpha=0.2)
    fill_codebooks(model)
    for layer in model.audio_encoder.quantizer.layers:
        # Too far away to be the nearest: what EnCodec writes are the decoder's tokens, as in a published one.
        layer.codebook.embed[config.decoder.vocab_size :] = 1e4
    settings = model.generation_config
    start = config.decoder.vocab_size
    settings.decoder_start_token_id = settings.pad_token_id = settings.bos_token_id = start
    settings.do_sample, settings.guidance_scale, settings.max_length = True, 3.0, 1500
    model.save_pretrained(folder)
    if is_melody:
        t5_tokenizer().save_pretrained(folder)
        return folder
    features = EncodecFeatureExtractor(feature_size=config.decoder.audio_channels, sampling_rate=32000)
    MusicgenProcessor(feature_extractor=features, tokenizer=t5_tokenizer()).save_pretrained(folder)
    return folder


def fill_codebooks(model: torch.nn.Module) -> None:
    """A fresh EnCodec's codebooks are all zero: every song would sound the same."""
    for module in model.modules():
        if type(module).__name__ == "EncodecEuclideanCodebook":
            module.embed.data.normal_()


def t5_tokenizer() -> PreTrainedTokenizerFast:
    """T5's kind of tokenizer, with a piece for each letter."""
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0)]
    pieces += [(letter, -3.0 - place / 100) for place, letter in enumerate(_LETTERS)]
    made = Tokenizer(models.Unigram(pieces, unk_id=2))
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )


def acestep(
    folder: Path, *, turbo: bool = True, layers: int = 2, width: int = 32, rate_hz: int = 48_000
) -> Path:
    """ACE-Step 1.5 in diffusers' layout, in little: stereo at 25 latents a second, and 48 or 8 kHz, of which
    the latter takes a sixth of the time."""
    torch.manual_seed(20261122)
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": width // 4}
    sizes = {"hidden_size": width, "intermediate_size": 2 * width}
    acoustic = {
        "audio_acoustic_hidden_dim": 8,
        "pool_window_size": 5,
        "num_attention_pooler_hidden_layers": 1,
    }
    text = Qwen3Config(
        vocab_size=300, num_hidden_layers=layers, max_position_embeddings=4096, **sizes, **heads
    )
    AceStepPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=16,
            downsampling_ratios=(ratios := [2, 4, 4, 6, 10] if rate_hz == 48_000 else [2, 4, 4, 10]),
            channel_multiples=[1] * len(ratios),
            decoder_channels=8,
            decoder_input_channels=8,
            audio_channels=2,
            sampling_rate=rate_hz,
        ),
        text_encoder=Qwen3Model(text).eval(),
        tokenizer=byte_tokenizer(),
        transformer=AceStepTransformer1DModel(
            num_hidden_layers=layers,
            in_channels=24,
            audio_acoustic_hidden_dim=8,
            patch_size=2,
            sliding_window=16,
            is_turbo=turbo,
            **sizes,
            **heads,
        ),
        condition_encoder=AceStepConditionEncoder(
            text_hidden_dim=width,
            timbre_hidden_dim=8,
            num_lyric_encoder_hidden_layers=2,
            num_timbre_encoder_hidden_layers=2,
            sliding_window=16,
            **sizes,
            **heads,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(num_train_timesteps=1, shift=1.0),
        audio_tokenizer=AceStepAudioTokenizer(fsq_dim=width, sliding_window=16, **acoustic, **sizes, **heads),
        audio_token_detokenizer=AceStepAudioTokenDetokenizer(sliding_window=16, **acoustic, **sizes, **heads),
    ).save_pretrained(folder)
    return folder


def sdxl(folder: Path, *, width: int = 32, variant: str | None = None) -> Path:
    """``stabilityai/sdxl-turbo`` in little; with a ``variant`` in half as wide numbers and under its name."""
    torch.manual_seed(20261123)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)
    text = CLIPTextConfig(
        bos_token_id=vocabulary["<|startoftext|>"],
        eos_token_id=vocabulary["<|endoftext|>"],
        pad_token_id=vocabulary["<|endoftext|>"],
        hidden_size=32,
        intermediate_size=37,
        num_attention_heads=4,
        num_hidden_layers=5,
        vocab_size=1000,
        projection_dim=32,
    )
    StableDiffusionXLPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=(width, 2 * width),
            layers_per_block=2,
            sample_size=32,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=(2, 4),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            transformer_layers_per_block=(1, 2),
            projection_class_embeddings_input_dim=80,
            cross_attention_dim=64,
        ),
        scheduler=EulerAncestralDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            steps_offset=1,
            beta_schedule="scaled_linear",
            timestep_spacing="trailing",
        ),
        vae=AutoencoderKL(
            block_out_channels=[32, 32, 32, 32],
            down_block_types=["DownEncoderBlock2D"] * 4,
            up_block_types=["UpDecoderBlock2D"] * 4,
            latent_channels=4,
            sample_size=128,
        ),
        text_encoder=CLIPTextModel(text),
        text_encoder_2=CLIPTextModelWithProjection(text),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
    ).to(torch.float16 if variant == "fp16" else torch.float32).save_pretrained(folder, variant=variant)
    return folder


def klein(
    folder: Path, *, width: int = 16, distilled: bool = True, dtype: torch.dtype = torch.bfloat16
) -> Path:
    """``black-forest-labs/FLUX.2-klein-4B`` in little, in bfloat16 as it is published."""
    torch.manual_seed(20261130)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
        "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    text = Qwen3Config(
        vocab_size=300,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=28,  # the pipeline takes what layers 9, 18 and 27 say
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=width // 4,
        max_position_embeddings=1024,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=3 * width,
        timestep_guidance_channels=32,
        axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )
    for weight in transformer.parameters():  # or the prompt is not seen in eight bits
        if weight.dim() > 1:
            weight.data.mul_(4.0)
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift=3.0),
        vae=AutoencoderKLFlux2(
            block_out_channels=(8, 8, 8, 8),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=64,
        ),
        text_encoder=Qwen3ForCausalLM(text).eval(),
        tokenizer=tokenizer,
        transformer=transformer,
        is_distilled=distilled,
    ).to(dtype).save_pretrained(folder)
    return folder


def qwen(
    folder: Path,
    *,
    brisk: bool = False,
    layers: int = 2,
    width: int = 32,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """``Qwen/Qwen2-7B-Instruct`` in little; a ``brisk`` one has a single layer, and ends lines sooner. The
    published one is in bfloat16."""
    torch.manual_seed(20261124)
    tokenizer = word_tokenizer()
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n"
        "{{ message.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    settings = Qwen2Config(
        vocab_size=2048,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=1 if brisk else layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32768,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen2ForCausalLM(settings).to(dtype).eval()
    if brisk:
        model.lm_head.weight.data[_endings(tokenizer)] *= 24.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def qwen_vl(folder: Path, *, layers: int = 2, width: int = 32, dtype: torch.dtype = torch.float32) -> Path:
    """``Qwen/Qwen2-VL-7B-Instruct`` in little. The published one is in bfloat16."""
    torch.manual_seed(20261125)
    tokenizer = word_tokenizer()
    tokenizer.add_special_tokens(
        {
            "additional_special_tokens": [
                "<|vision_start|>",
                "<|vision_end|>",
                "<|image_pad|>",
                "<|video_pad|>",
            ]
        }
    )
    tokenizer.chat_template = (
        "{% for message in messages %}<|im_start|>{{ message.role }}\n"
        "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
        "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}"
        "{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    number = tokenizer.convert_tokens_to_ids
    heads = 4
    text = {
        "vocab_size": 2048,
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": 2,
        "max_position_embeddings": 32768,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1e6,
            # Of the pairs of a head: for time, height and width.
            "mrope_section": [width // heads // 8, width // heads // 8, width // heads // 4],
        },
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.pad_token_id,
    }
    vision = {"depth": layers, "embed_dim": width, "hidden_size": width, "num_heads": heads, "mlp_ratio": 2}
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    model = Qwen2VLForConditionalGeneration(config).to(dtype).eval()
    for weight in model.model.visual.parameters():  # or all photos look alike to it
        if weight.dim() > 1:
            weight.data.mul_(6.0)
    model.lm_head.weight.data[_endings(tokenizer)] *= 24.0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # As published: the name is that of the class that wants torchvision, and the sizes have older names.
    pictures = {
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2VLProcessor",
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(pictures))
    return folder


def _endings(tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The tokens that begin with a newline or a comma."""
    return [number for piece, number in tokenizer.get_vocab().items() if piece.startswith(("Ċ", ","))]


def word_tokenizer() -> PreTrainedTokenizerFast:
    """Qwen's tokenizer in little: bytes, and the commonest strings of them, whatever a grammar divides."""
    made = _byte_pairs(models.BPE())
    sources = ("README.md", "lyrics/contract.py", "lyrics/qwen/prompts.py")
    texts = [(ROOT / name).read_text() for name in sources]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
    )
    return _chatty(made)


def byte_tokenizer() -> PreTrainedTokenizerFast:
    """Qwen's kind of tokenizer, with a piece for each byte."""
    letters = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    return _chatty(_byte_pairs(models.BPE(letters, [])))


def _byte_pairs(model: models.BPE) -> Tokenizer:
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def _chatty(made: Tokenizer) -> PreTrainedTokenizerFast:
    made.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>")
