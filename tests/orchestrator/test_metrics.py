from prometheus_client.parser import text_string_to_metric_families

from orchestrator.server.metrics import CONTENT_TYPE, Metrics
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import EngineFacts, Failure, Song, Status, new_songs


def song(status: Status, **facts: object) -> Song:
    return new_songs(Brief(description="x"))[0].changed(status=status, **facts)


def engine(name: str) -> EngineFacts:
    return EngineFacts(name=name, version="1", licence="MIT", seed=0)


def figures(metrics: Metrics) -> dict[str, dict[tuple[str, ...], float]]:
    """By sample name, then by label values in the order of the labels' names, as a Prometheus reads them."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(metrics.exposition().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = (
                sample.value
            )
    return found


def test_songs_are_counted_by_engine_and_outcome_and_their_stages_timed() -> None:
    metrics = Metrics(lambda: 0, lambda: 0)
    engines = {"lyrics": engine("plain"), "music": engine("hum"), "art": engine("blank")}
    timings = {"lyrics": 0.25, "music": 2.0, "cover": 0.5, "tags": 0.125}
    for _ in range(2):
        metrics.song_ended(song(Status.DONE, engines=engines, timings_s=timings))
    read = figures(metrics)
    assert read["songwright_songs_total"] == {("hum", "done"): 2}
    assert read["songwright_stage_seconds_sum"] == {
        ("plain", "lyrics"): 0.5,
        ("hum", "music"): 4.0,
        ("blank", "cover"): 1.0,
        ("none", "tags"): 0.25,
    }
    assert read["songwright_stage_seconds_bucket"][("hum", "1.0", "music")] == 0
    assert read["songwright_stage_seconds_bucket"][("hum", "3.0", "music")] == 2


def test_a_failure_is_counted_by_where_and_why_and_a_cancelled_song_is_none() -> None:
    metrics = Metrics(lambda: 0, lambda: 0)
    broke = Failure(type="EngineFailed", message="m", step="music and cover")
    metrics.song_ended(song(Status.FAILED, error=broke, engines={"lyrics": engine("plain")}))
    metrics.song_ended(song(Status.CANCELLED))
    read = figures(metrics)
    assert read["songwright_songs_total"] == {("plain", "failed"): 1, ("none", "cancelled"): 1}
    assert read["songwright_engine_failures_total"] == {("EngineFailed", "music and cover"): 1}


def test_the_queue_is_looked_at_when_the_figures_are_read() -> None:
    depth = [3, 1]
    metrics = Metrics(lambda: depth[0], lambda: depth[1])
    depth[:] = [8, 2]
    read = figures(metrics)
    assert read["songwright_queue_depth"] == {(): 8}
    assert read["songwright_songs_running"] == {(): 2}


def test_requests_are_counted_by_route_and_two_services_do_not_meet() -> None:
    one, other = Metrics(lambda: 0, lambda: 0), Metrics(lambda: 0, lambda: 0)
    one.request_answered("GET", "/songs/{id}", 404, 0.015)
    assert figures(one)["songwright_http_requests_total"] == {("GET", "/songs/{id}", "404"): 1}
    assert figures(one)["songwright_http_request_seconds_count"] == {("/songs/{id}",): 1}
    assert "songwright_http_requests_total" not in figures(other)
    assert CONTENT_TYPE.startswith("text/plain; version=")
