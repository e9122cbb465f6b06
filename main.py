"""Songwright on Modal, from its images to its web function:  modal deploy main.py

Wiring only. What runs in the containers is ``orchestrator.remote``; what can be set is ``config.deployment``.

    modal run main.py::prefetch --dry-run                        says how many gigabytes that fetches:
    modal run main.py::prefetch                                  the weights into their volumes, once
    modal run main.py --description "a slow waltz about the sea"   a song, saved here
    modal run main.py --prompt "jazzy piano solo" --duration 10    music without words
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

import modal

from config.deployment import SECRET_KEYS, Deployment, environment
from config.pins import AUDIOCRAFT_CONSTRAINTS, CONSTRAINTS, ROOT, pins
from config.settings import load
from config.together import together_of
from config.volumes import NAMES, volume_of

SETTINGS = load(Deployment)
MODAL = SETTINGS.modal
PACKAGES = [
    *("config", "phonetics", "models", "lyrics", "music", "art", "vision", "storage", "orchestrator"),
    *filter(None, MODAL.packages.split(",")),
]
HOME = PurePosixPath("/") / "root"  # of Modal's containers
FFMPEG = ("avformat", "avcodec", "avdevice", "avutil", "avfilter", "swscale", "swresample")
PYAV_NEEDS = ("ffmpeg", "gcc", "pkg-config", *(f"lib{name}-dev" for name in FFMPEG))

app = modal.App(MODAL.app)
secret = modal.Secret.from_name(MODAL.secret, required_keys=list(SECRET_KEYS))
chosen = modal.Secret.from_dict(dict(environment(SETTINGS)))  # as set where this was deployed


# Images: one for what needs no model, one for each family of engines, so that AudioCraft's torch of 2023 and
# today's never meet. Our own code is added when a container starts, so that changing it builds nothing.


def image(*extras: str, constraints: str = CONSTRAINTS, system: tuple[str, ...] = ()) -> modal.Image:
    base = modal.Image.debian_slim(python_version="3.11")
    if modal.is_local():
        base = base.apt_install(*system) if system else base
        base = base.add_local_file(ROOT / constraints, str(HOME / constraints), copy=True)
        exact = pins(*extras, constraints=constraints)
        base = base.uv_pip_install(*exact, extra_options=f"--constraint={HOME / constraints}")
    return base.add_local_python_source(*PACKAGES, ignore=["**/*.pyc"])


web_image = image("r2")
model_image = image("r2", "models")
audiocraft_image = image("r2", "audiocraft", constraints=AUDIOCRAFT_CONSTRAINTS, system=PYAV_NEEDS)

IMAGE_OF = {"sketch": web_image, "audiocraft": audiocraft_image}  # of the rest: model_image
VOLUMES = {name: modal.Volume.from_name(name, create_if_missing=True) for name in NAMES}


# Engines: a class each, on a GPU type of its own.


def on_gpu(craft: str, engine: str) -> Any:
    """The decorators of an engine's class."""
    settings = getattr(SETTINGS, craft)
    together = together_of(engine, settings.together)
    volume = volume_of(engine)
    folder = f"{MODAL.weights}/{volume}"
    offline = modal.Secret.from_dict({"HF_HOME": folder, "HF_HUB_OFFLINE": "1"})  # no GPU waits for the hub
    gpus = [] if engine == "sketch" else [gpu.strip() for gpu in settings.gpu.split(",")]

    def decorated(host: type) -> Any:
        host = modal.concurrent(max_inputs=together, target_inputs=together)(host)
        return app.cls(
            image=IMAGE_OF.get(engine, model_image),
            gpu=gpus if len(gpus) > 1 else next(iter(gpus), None),
            volumes={folder: VOLUMES[volume]} if volume else {},
            secrets=[secret, chosen, offline],
            enable_memory_snapshot=True,
            scaledown_window=MODAL.scaledown_s,
            max_containers=MODAL.gpu_containers,
            timeout=int(SETTINGS.job_timeout_s),
            startup_timeout=MODAL.startup_s,
            retries=modal.Retries(max_retries=2, initial_delay=1.0),  # a step may be made again
        )(host)

    return decorated


class Host:
    """An engine in its container: in memory before the snapshot, on the GPU after it."""

    craft: ClassVar[str]
    engine: ClassVar[str]

    @modal.enter(snap=True)
    def load(self) -> None:
        from orchestrator.remote.station import Station

        self.station = Station(SETTINGS, self.craft, self.engine)
        self.station.load()

    @modal.enter()
    def settle(self) -> None:
        self.station.settle()

    @modal.method()
    async def step(self, name: str, song: str) -> tuple[str, Exception | None]:
        return await self.station.step(name, song)

    @modal.method()
    async def wake(self) -> str:
        return self.station.summary()

    @modal.exit()
    def close(self) -> None:
        self.station.close()


@on_gpu("lyrics", SETTINGS.lyrics.engine)
class Lyricist(Host):
    craft, engine = "lyrics", SETTINGS.lyrics.engine


@on_gpu("music", "acestep")
class AceStepMusician(Host):
    craft, engine = "music", "acestep"


@on_gpu("music", "musicgen")
class MusicgenMusician(Host):
    craft, engine = "music", "musicgen"


@on_gpu("music", "audiocraft")
class AudiocraftMusician(Host):
    craft, engine = "music", "audiocraft"


MUSICIANS = {
    "acestep": AceStepMusician,
    "musicgen": MusicgenMusician,
    "audiocraft": AudiocraftMusician,
}
OTHER = "sketch" if SETTINGS.music.engine in MUSICIANS else SETTINGS.music.engine


@on_gpu("music", OTHER)
class Musician(Host):
    """Any other engine: the embedded one, to see the rest at work for cents, or one of your own."""

    craft, engine = "music", OTHER


@on_gpu("art", SETTINGS.art.engine)
class CoverArtist(Host):
    craft, engine = "art", SETTINGS.art.engine


@on_gpu("vision", SETTINGS.vision.engine)
class Seer(Host):
    """Reads the photo that a song is to be made from."""

    craft, engine = "vision", SETTINGS.vision.engine


# The service: a song's own call, the web function, and what people run by hand.


@cache
def service() -> Any:
    """One to a container."""
    from orchestrator.remote.service import ModalService

    hosts = {
        "lyrics": Lyricist(),
        "music": MUSICIANS.get(SETTINGS.music.engine, Musician)(),
        "art": CoverArtist(),
        "vision": Seer(),
    }
    return ModalService(SETTINGS, hosts, produce.spawn.aio)


@app.function(
    image=web_image,
    secrets=[secret, chosen],
    memory=2048,
    timeout=int(SETTINGS.job_timeout_s) + 600,
    scaledown_window=MODAL.scaledown_s,
    retries=modal.Retries(max_retries=5, initial_delay=1.0, max_delay=30.0),  # it goes on where it was
)
@modal.concurrent(max_inputs=20)
async def produce(song_id: str) -> str:
    status: str = await service().produce(song_id)
    return status


@app.function(
    image=web_image,
    secrets=[secret, chosen],
    min_containers=MODAL.web_containers,
    max_containers=1,
    scaledown_window=300,
    timeout=int(SETTINGS.job_timeout_s) + 600,
)
@modal.concurrent(max_inputs=500)
@modal.asgi_app()
def web() -> Any:
    from orchestrator.api import create_app

    return create_app(SETTINGS, service=service())


@app.function(image=web_image, secrets=[secret, chosen], timeout=int(SETTINGS.job_timeout_s) + 600)
async def order(brief: str) -> AsyncIterator[tuple[str, Any]]:
    async for event in service().order(brief):
        yield event


@app.function(
    image=web_image,
    secrets=[secret, chosen],
    schedule=modal.Cron(MODAL.warm, timezone=MODAL.timezone) if MODAL.warm else None,
)
async def warm() -> None:
    await service().wake()


@app.function(
    image=model_image,
    secrets=[secret, chosen],
    volumes={f"{MODAL.weights}/{name}": volume for name, volume in VOLUMES.items()},
    timeout=4 * 3600,
)
def prefetch(dry_run: bool = False) -> None:  # noqa: FBT001, FBT002 - modal makes an option of it
    from orchestrator.remote.weights import count_weights, fetch_weights

    if dry_run:
        return count_weights(SETTINGS)
    for name in fetch_weights(SETTINGS):
        VOLUMES[name].commit()


@app.local_entrypoint()
def main(
    description: str = "",
    prompt: str = "",
    lyrics: str = "",
    about: str = "",
    instrumental: bool = False,  # noqa: FBT001, FBT002 - modal makes an option of it
    duration: float = 180.0,
    seed: int = -1,
    format: str = "wav",
    out: str = ".",
) -> None:
    from orchestrator.remote.order import place_order

    music_alone = bool(prompt) and not (description or lyrics or about)
    asked = {
        "description": description or prompt,
        "about": about,
        "instrumental": instrumental or music_alone,
        "cover": not music_alone,
        "duration_s": duration,
        "seed": seed,
        "format": format,
    }
    place_order(asked, lyrics, Path(out), order.remote_gen)
