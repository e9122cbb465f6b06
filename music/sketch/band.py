"""The band: the genre's instruments, plus those that the user wants, minus those that the user excludes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from music.sketch.genres import Genre, Layer

# Users' words for instruments. ``find_instrument`` tries longer words first.
WORDS: dict[str, str] = {
    "acoustic guitar": "acoustic_guitar", "classical guitar": "nylon_guitar", "nylon": "nylon_guitar",
    "distorted guitar": "electric_guitar_distorted", "heavy guitar": "electric_guitar_distorted",
    "lead guitar": "electric_guitar_lead", "guitar solo": "electric_guitar_lead",
    "electric guitar": "electric_guitar_clean", "clean guitar": "electric_guitar_clean",
    "steel guitar": "electric_guitar_clean", "slide guitar": "electric_guitar_clean",
    "ukulele": "nylon_guitar", "guitar": "acoustic_guitar", "rhodes": "electric_piano",
    "wurlitzer": "electric_piano",
    "electric piano": "electric_piano", "piano": "piano", "keys": "piano", "organ": "organ",
    "hammond": "organ",
    "clavinet": "clavinet", "pizzicato": "pizzicato", "strings": "strings", "orchestra": "strings",
    "harp": "harp",
    "choir": "choir_pad", "pads": "warm_pad", "pad": "warm_pad", "supersaw": "supersaw",
    "synths": "synth_pad",
    "synthesizer": "synth_pad", "synth lead": "synth_lead", "synth": "synth_pad", "brass": "brass_section",
    "horns": "brass_section", "horn": "brass_section", "vibraphone": "vibraphone", "vibes": "vibraphone",
    "marimba": "marimba", "xylophone": "marimba", "accordion": "accordion", "bells": "bell",
    "glockenspiel": "bell",
    "bell": "bell", "flute": "flute", "saxophone": "saxophone", "sax": "saxophone", "clarinet": "saxophone",
    "trumpet": "trumpet", "trombone": "trumpet", "violin": "violin", "fiddle": "violin", "viola": "violin",
    "cello": "cello", "harmonica": "harmonica", "banjo": "banjo", "mandolin": "mandolin", "sitar": "mandolin",
    "music box": "music_box", "kalimba": "music_box", "whistle": "whistle", "whistling": "whistle",
    "upright bass": "bass_upright", "double bass": "bass_upright", "slap bass": "bass_slap",
    "808": "bass_808",
    "synth bass": "bass_synth", "sub bass": "bass_808", "bass guitar": "bass_finger", "reese": "bass_reese",
    "brushes": "kit_jazz", "congas": "kit_latin", "bongos": "kit_latin", "timpani": "kit_orchestral",
    "drum machine": "kit_808", "bass": "bass_finger",
}  # fmt: skip
_HOOKS = frozenset(
    "bell flute saxophone trumpet violin cello harmonica banjo mandolin music_box whistle synth_lead "
    "electric_guitar_lead".split()
)
_FIGURES = {
    "piano": "quarters", "electric_piano": "half", "organ": "pad", "acoustic_guitar": "picked",
    "harp": "arpeggio",
    "nylon_guitar": "picked", "electric_guitar_clean": "picked", "electric_guitar_distorted": "chug",
    "clavinet": "funk", "pizzicato": "ostinato", "brass_section": "stabs", "vibraphone": "broken",
    "marimba": "montuno", "accordion": "half",
}  # fmt: skip
_COUSINS = {
    "warm_pad": "synth_pad", "synth_pad": "warm_pad", "vibraphone": "marimba", "mandolin": "banjo",
    "accordion": "organ", "choir_pad": "strings", "marimba": "vibraphone",
}  # fmt: skip
"""Substitutes that keep the genre, so that two songs of a genre differ."""
_COUSIN_CHANCE = 0.35
_KINDS = {
    "drums": ("kit_",), "drum": ("kit_",), "percussion": ("kit_",), "beat": ("kit_",), "beats": ("kit_",),
    "bass": ("bass_",), "guitar": ("guitar", "banjo", "mandolin"), "guitars": ("guitar",), "keys": ("piano",
        "organ"),
    "piano": ("piano",), "synth": ("synth", "supersaw", "pad"), "synths": ("synth", "supersaw", "pad"),
    "strings": ("strings", "pizzicato", "violin", "cello"), "brass": ("brass", "trumpet"),
    "horns": ("brass", "trumpet", "saxophone"), "drum kit": ("kit_",), "pads": ("pad",), "pad": ("pad",),
    "electric guitar": ("electric_guitar",), "electric guitars": ("electric_guitar",),
    "bass guitar": ("bass_finger", "bass_pick", "bass_slap"),
}  # fmt: skip


@dataclass(frozen=True)
class Band:
    """The instruments of a song. ``kit`` and ``bass`` are None if the song has none."""

    kit: str | None
    bass: str | None
    layers: tuple[Layer, ...]
    hook: str | None


def gather(genre: Genre, instruments: tuple[str, ...], exclude: tuple[str, ...], rng: Random) -> Band:
    """The band for a genre. Instruments in ``instruments`` play in every section, those in ``exclude`` in
    none."""
    wanted = [found for text in instruments if (found := find_instrument(text))]
    asked = {text.lower().strip() for text in instruments}
    # What is named itself is not barred by its family: "only a violin" is without "strings".
    families = [text for text in exclude if text.lower().strip() in _KINDS.keys() - asked]
    barred = [part for text in exclude if text not in families for part in _barred(text)]
    unless_wanted = [part for text in families for part in _barred(text)]

    def allowed(name: str) -> bool:
        if any(part in name for part in barred):
            return False
        return name in wanted or not any(part in name for part in unless_wanted)

    layers = [
        replace(layer, instrument=_COUSINS[layer.instrument])
        if layer.instrument in _COUSINS and layer.instrument not in wanted and rng.random() < _COUSIN_CHANCE
        else layer
        for layer in genre.layers
    ]
    layers = [layer for layer in layers if allowed(layer.instrument)]
    hooks = [name for name in genre.hook if allowed(name)]
    kit, bass = genre.kit, genre.bass[0]
    for name in wanted:
        if not allowed(name):
            continue
        if name.startswith("kit_"):
            kit = name
        elif name.startswith("bass_"):
            bass = name
        elif name in _HOOKS:
            hooks = [name]
        elif name in {layer.instrument for layer in layers}:
            layers = [
                replace(la, from_energy=0.0, gain_db=3.0) if la.instrument == name else la for la in layers
            ]
        else:
            layers.append(Layer(name, _FIGURES.get(name, "pad"), gain_db=2.0, pan=rng.choice((-0.3, 0.3))))
    if not layers:
        spare = next(
            (name for name in ("piano", "acoustic_guitar", "organ", "warm_pad", "harp") if allowed(name)),
            None,
        )
        layers = [Layer(spare, _FIGURES.get(spare, "pad"))] if spare else []
    if not any(layer.from_energy <= 0.5 for layer in layers) and layers:
        layers[0] = replace(layers[0], from_energy=0.0)
    return Band(
        kit=kit if allowed(kit) and genre.groove != "none" else None,
        bass=bass if allowed(bass) else None,
        layers=tuple(layers),
        hook=rng.choice(hooks) if hooks else None,
    )


def find_instrument(text: str) -> str | None:
    """The name of the instrument that ``text`` means, None if it means none."""
    plain = text.lower()
    return next((WORDS[word] for word in sorted(WORDS, key=lambda w: (-len(w), w)) if word in plain), None)


def _barred(text: str) -> tuple[str, ...]:
    plain = text.lower().strip()
    if plain in _KINDS:
        return _KINDS[plain]
    found = find_instrument(plain)
    return (found,) if found else ()
