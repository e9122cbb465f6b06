"""The service's metrics in Prometheus's format."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.stages import CRAFTS, craft_of

CONTENT_TYPE = CONTENT_TYPE_LATEST
_STAGE_S = (0.1, 0.3, 1, 3, 10, 30, 60, 120, 300, 600, 1800)
_REQUEST_S = (0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 3, 10, 30, 120)


class Metrics:
    """The service's metrics, in a registry of their own, so that two services in one process do not
    collide."""

    def __init__(self, waiting: Callable[[], int], running: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        depth = Gauge("songwright_queue_depth", "Songs that wait", registry=self._registry)
        depth.set_function(waiting)
        at_work = Gauge("songwright_songs_running", "Songs at work", registry=self._registry)
        at_work.set_function(running)
        self._songs = Counter(
            "songwright_songs", "Songs that ended", ("engine", "outcome"), registry=self._registry
        )
        self._stages = Histogram(
            "songwright_stage_seconds",
            "Wall time of a stage of a song",
            ("stage", "engine"),
            buckets=_STAGE_S,
            registry=self._registry,
        )
        self._failures = Counter(
            "songwright_engine_failures",
            "Songs that failed, by where and why",
            ("step", "error"),
            registry=self._registry,
        )
        self._requests = Counter(
            "songwright_http_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._answer = Histogram(
            "songwright_http_request_seconds",
            "Seconds until a request was answered",
            ("route",),
            buckets=_REQUEST_S,
            registry=self._registry,
        )

    def song_ended(self, song: Song) -> None:
        made = [song.engines[craft].name for craft in CRAFTS if craft in song.engines]
        engine = song.engines["music"].name if "music" in song.engines else (made[0] if made else "none")
        self._songs.labels(engine, song.status.value).inc()
        for stage, seconds in song.timings_s.items():
            facts = song.engines.get(craft_of(stage) or "")
            self._stages.labels(stage, facts.name if facts else "none").observe(seconds)
        if song.status is Status.FAILED and song.error:
            self._failures.labels(song.error.step, song.error.type).inc()

    def request_answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._answer.labels(route).observe(seconds)

    def ended(self) -> dict[str, int]:
        """How many songs have ended since the start, by their last status."""
        counts = dict.fromkeys((status.value for status in Status if status.finished), 0)
        for sample in next(iter(self._songs.collect())).samples:
            if sample.name.endswith("_total"):
                counts[sample.labels["outcome"]] += int(sample.value)
        return counts

    def song_s(self) -> float:
        """Seconds of work for a song that has ended since the start, on average; 0 if none has."""
        samples = next(iter(self._stages.collect())).samples
        work_s = sum(sample.value for sample in samples if sample.name.endswith("_sum"))
        return work_s / max(sum(self.ended().values()), 1)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)
