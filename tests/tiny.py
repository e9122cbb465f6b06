"""Checkpoints of the real architectures with random weights, a few hundred kB each, saved as the published
ones are. A seed of its own for each, so that they are the same wherever they are built."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    EncodecConfig,
    EncodecFeatureExtractor,
    MusicgenConfig,
    MusicgenDecoderConfig,
    MusicgenForConditionalGeneration,
    MusicgenProcessor,
    PreTrainedTokenizerFast,
    T5Config,
)

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'-#:"


def musicgen(folder: Path, *, channels: int = 1, layers: int = 2) -> Path:
    """``facebook/musicgen-small`` (stereo: ``musicgen-stereo-small``) in little: T5, decoder, EnCodec."""
    text = T5Config(
        vocab_size=128, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, is_encoder_decoder=False
    )
    codec = EncodecConfig(
        sampling_rate=32000,
        audio_channels=1,
        hidden_size=16,
        num_filters=4,
        num_residual_layers=1,
        upsampling_ratios=[8, 5, 4, 4],
        use_causal_conv=False,
        codebook_size=64,
        codebook_dim=16,
        target_bandwidths=[1.2],
        num_lstm_layers=1,
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=64,
        hidden_size=64,
        num_hidden_layers=layers,
        ffn_dim=128,
        num_attention_heads=4,
        num_codebooks=4 * channels,
        audio_channels=channels,
        pad_token_id=64,
        bos_token_id=64,
    )
    torch.manual_seed(20261121)
    model = MusicgenForConditionalGeneration(
        MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder)
    ).eval()
    # With the usual start all logits lie so close together that nothing chosen from them means anything.
    for weight in model.decoder.parameters():
        if weight.dim() > 1:
            weight.data.mul_(4.0)
    fill_codebooks(model)
    settings = model.generation_config
    settings.decoder_start_token_id = settings.pad_token_id = settings.bos_token_id = 64
    settings.do_sample, settings.guidance_scale, settings.max_length = True, 3.0, 1500
    model.save_pretrained(folder)
    features = EncodecFeatureExtractor(feature_size=channels, sampling_rate=32000)
    MusicgenProcessor(feature_extractor=features, tokenizer=t5_tokenizer()).save_pretrained(folder)
    return folder


def fill_codebooks(model: MusicgenForConditionalGeneration) -> None:
    """A fresh EnCodec's codebooks are all zero: every song would sound the same."""
    for module in model.audio_encoder.modules():
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
