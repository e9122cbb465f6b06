"""The containers that a deployment runs, for what they cost: what each reserves, how many songs it takes, and
how long a song works in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from config.errors import InvalidRequest
from config.gpus import choices_of
from config.spec import EngineSpec
from orchestrator.estimates.costs import CostRow
from orchestrator.estimates.forecast import Fleet, Work
from orchestrator.estimates.reckoning import Container
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use
from orchestrator.songs.stages import Stage, craft_of

PRODUCE_MEMORY_MIB, PRODUCE_TOGETHER = 2048, 20
WEB_TOGETHER, WEB_IDLE_S = 500, 300
PATROL_EVERY_MIN = 5

_NOT_PREEMPTED = 3.0
"""Modal's price for such a container, over that of any other (modal.com/docs/guide/preemption)."""
_WEB_GIB = 0.25
"""Assumed memory of a container without a model, which is billed if it is more than it reserves. After its
imports it fills 0.11; uploads and clients come on top."""
_PATROL_S, _PATROL_CORES = 8.0, 0.21
"""Assumed from the 1.7 s of processor time that it takes on the machine of the tests."""

START_S, LIGHT_START_S = 20.0, 3.0
"""Cold starts from a memory snapshot: of an engine with a model, and of the other containers. Assumed:
nothing has been measured on Modal."""
ASSUMED_S: Mapping[tuple[str, str], tuple[float, float]] = {
    ("qwen", "A10"): (11.4, 2.0),
    ("acestep", "L40S"): (8.0, 8.0),
    ("musicgen", "L40S"): (45.0, 6.0),
    ("sdxl_turbo", "L4"): (1.5, 1.5),
    ("whisper", "T4"): (8.0, 8.0),
}
"""Seconds of work for a song of three minutes, by engine and GPU: alone, and as one of as many as the
container takes. DEPLOY.md says where they come from."""
_STAGES: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.LYRICS: (),
    Stage.MUSIC: (Stage.LYRICS,),
    Stage.COVER: (Stage.LYRICS,),
    Stage.LISTEN: (Stage.LYRICS, Stage.MUSIC),
}
"""The stages that are reckoned, each with those that it waits for; photos are rare. The container that
listens is woken with the music, and waits less than that."""


def container_of(settings: Deployment, stage: str, engine: str, gpu: str) -> Container:
    """The container of ``engine`` for ``stage`` on ``gpu``. An engine that is not known here reserves what
    one of your own does."""
    craft = craft_of(stage) or ""
    chosen = getattr(settings, craft)
    registry = REGISTRIES[craft]
    known = engine == chosen.engine or engine in registry.built_in
    spec = registry.spec(engine) if known else EngineSpec(entry=engine)
    is_chosen = engine == chosen.engine
    resources = spec.resources(*((chosen.model, chosen.precision) if is_chosen else ()))
    return Container(
        name=f"{stage}, {engine}" if engine else stage,
        gpu=gpu if spec.gpu else "",
        cores=resources.cores,
        memory_gib=resources.memory_mib / 1024,
        start_s=START_S if spec.gpu else LIGHT_START_S,
        idle_s=settings.modal.scaledown_s,
        together=(chosen.together if is_chosen else None) or spec.batch_size,
        most=settings.modal.gpu_containers,
    )


def produce_container(settings: Deployment) -> Container:
    """The songs' own call."""
    return Container(
        name="produce",
        memory_gib=PRODUCE_MEMORY_MIB / 1024,
        times=_NOT_PREEMPTED,
        start_s=LIGHT_START_S,
        idle_s=settings.modal.scaledown_s,
        together=PRODUCE_TOGETHER,
    )


def web_container() -> Container:
    """The web function."""
    return Container(
        name="web",
        memory_gib=_WEB_GIB,
        start_s=LIGHT_START_S,
        idle_s=WEB_IDLE_S,
        together=WEB_TOGETHER,
        most=1,
    )


def patrol_container() -> Container:
    """The schedule that looks for lost songs, whether or not there are any."""
    return Container(name="patrol", cores=_PATROL_CORES, memory_gib=_WEB_GIB)


def fleet_of(settings: Deployment, rows: Iterable[CostRow] = ()) -> Fleet:
    """The containers of a deployment with ``settings``. How long a song works in each is the median of
    ``rows``, the costs of songs made, where they have its engine and GPU, and assumed for a song of three
    minutes elsewhere. Raises ``InvalidRequest`` for an engine of which neither is known."""
    measured = tuple(rows)
    engines: list[Work] = []
    work_s: dict[Stage, float] = {}
    used = crafts_in_use(settings)
    for stage, craft in ((stage, stage.craft) for stage in _STAGES if stage.craft in used):
        assert craft
        chosen = getattr(settings, craft)
        container = container_of(settings, stage, chosen.engine, chosen.gpu)
        row = _row([each for each in measured if each.stage == stage], chosen.engine, container.gpu)
        if row:
            # The share of each song, in whatever company it was.
            alone_s = shared_s = row.seconds_median
        else:
            alone_s, shared_s = _assumed(craft, chosen.engine, container.gpu)
        waits_s = sum(work_s[before] for before in _STAGES[stage])
        engines.append(Work(container, alone_s, shared_s, waits_s, row.songs if row else 0))
        work_s[stage] = alone_s
    kept = settings.modal.web_containers > 0
    return Fleet(
        engines=tuple(engines),
        produce=produce_container(settings),
        web=None if kept else web_container(),
        patrol=patrol_container(),
        patrol_s=_PATROL_S,
        patrol_every_s=60.0 * PATROL_EVERY_MIN,
    )


def _row(rows: Sequence[CostRow], engine: str, gpu: str) -> CostRow | None:
    """The one of a stage's ``rows`` for ``engine`` on ``gpu``."""
    known = {name for registry in REGISTRIES.values() for name in registry}
    for choice in gpu.split(","):  # the order in which Modal tries them
        for row in rows:
            # Manifests have the name that an engine gives itself, settings that of its package and class.
            same = row.engine == engine if engine in known else row.engine not in known
            if same and row.gpu == choice:
                return row
    return None


def _assumed(craft: str, engine: str, gpu: str) -> tuple[float, float]:
    choices = choices_of(gpu)
    name = choices[0][0].name if choices and choices[0][1] == 1 else gpu
    try:
        return ASSUMED_S[engine, name]
    except KeyError:
        where = gpu or "a processor"
        fix = f"nothing is known of how long it works on {where}: make a song there, and ask again"
        raise InvalidRequest(f"SONGWRIGHT_{craft.upper()}__ENGINE", engine, fix) from None
