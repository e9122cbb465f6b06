"""Whether the service runs and is ready, whether a token is valid, and the metrics."""

from __future__ import annotations

from pathlib import PurePath

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from config.version import VERSION
from orchestrator.server.answers import AuthStatus, Health, PartReadiness, Readiness
from orchestrator.server.api.context import BEARER, TheService
from orchestrator.server.api.openapi import refusals
from orchestrator.server.metrics import CONTENT_TYPE
from orchestrator.server.service import Service

router = APIRouter(tags=["operations"])


@router.get("/health", operation_id="health", summary="Whether the service runs")
async def health(service: TheService) -> Health:
    """Answers without a token, and without looking at anything that could be slow."""
    chosen, info = service.settings.music, service.engines().get("music")
    model = PurePath((info.model if info else chosen.model) or chosen.engine)
    # Of a folder only the name, since its path is private.
    return Health(version=VERSION, model=model.name if model.is_absolute() else str(model))


@router.get(
    "/health/ready",
    operation_id="ready",
    summary="Whether songs can be made now",
    responses={503: {"model": Readiness, "description": "Not now: the answer tells what stands against it."}},
)
async def ready(service: TheService, response: Response) -> Readiness:
    """Each engine's state and the store's, which is looked at every few seconds at most, whoever asks.
    Nothing is written or listed."""
    engines = {craft: _engine(service, craft) for craft in service.worker.states()}
    problem = await service.readiness.problem()
    store = PartReadiness(
        state="unavailable" if problem else "ready",
        name=service.settings.store,
        detail=problem or None,
    )
    fine = store.state == "ready" and all(engine.state == "ready" for engine in engines.values())
    response.status_code = 200 if fine else 503
    return Readiness(
        ready=fine,
        engines=engines,
        store=store,
        songs_waiting=service.jobs.waiting,
        songs_running=service.jobs.running,
    )


@router.post(
    "/auth-status",
    operation_id="auth_status",
    summary="Whether the token is good",
    responses=refusals(429, 500),
    dependencies=[BEARER],
)
async def auth_status() -> AuthStatus:
    """Answers 401 for any that is not."""
    return AuthStatus()


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Figures for Prometheus",
    response_class=PlainTextResponse,
    responses=refusals(429, 500),
    dependencies=[BEARER],
)
async def metrics(service: TheService) -> Response:
    """Queue depth, stage durations, engine failures, songs by engine and outcome, requests."""
    return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)


def _engine(service: Service, craft: str) -> PartReadiness:
    state = service.worker.states()[craft]
    return PartReadiness.model_validate(
        {
            "state": state.state,
            "name": state.info.name if state.info else state.engine,
            "version": state.info.version if state.info else None,
            "detail": state.detail,
        }
    )
