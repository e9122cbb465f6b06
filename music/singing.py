"""What an engine cannot sing as it was asked to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.spec import MANY
from music.contract import COMPOSERS
from reading.languages.codes import language_name


def embedded_voice() -> str:
    """What the embedded composer sings with, in words; its network is loaded. Raises ``EngineUnavailable``
    where it cannot be run: then that composer makes instrumentals alone."""
    from importlib.metadata import version

    from music.sketch.voice.network import PACKAGE, VERSION, loaded_network

    loaded_network()
    return f"{PACKAGE} {VERSION} on onnxruntime {version('onnxruntime')}"


def not_as_asked(composer: str, lyrics: str, language: str, line_times_s: Sequence[float]) -> Iterator[str]:
    """A warning for each wish that the engine of our table called ``composer`` cannot fulfil. An engine of
    the user's own tells it itself."""
    if composer not in COMPOSERS.built_in or not lyrics:
        return
    spec = COMPOSERS.spec(composer)
    if line_times_s and not spec.places_lines:
        yield f"engine {composer!r} cannot place lines: the times of the lyrics are not used"
    if spec.languages not in ((), MANY) and language not in spec.languages:
        sounds = " and ".join(map(language_name, spec.languages))
        yield (
            f"engine {composer!r} sings {sounds} sounds: the lyrics are in {language_name(language)} and are"
            " sung with those"
        )
