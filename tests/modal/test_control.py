"""The stand-in for Modal: what it records of a deployment, and that it runs containers as Modal does."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import httpx
import pytest

from tests.modal import Container, Control, RemoteFailure
from tests.modal.rootfs import HOME

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
SAMPLE = Path(__file__).with_name("sample_app.py")
SECRETS = {"sample-secret": {"SAMPLE_KEY": "of the secret"}}


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("modal") / "weights")


@pytest.fixture(scope="module")
def control(mounted: str) -> Iterator[Control]:
    with Control(secrets=SECRETS, container_env={"SAMPLE_EXTRA": "of the tests"}, web_cut_s=1.5) as control:
        (control.volume("sample-weights") / "model.txt").write_text("the weights")
        began = time.monotonic()
        control.deploy(SAMPLE, env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)
        assert time.monotonic() - began < 10
        yield control
        assert not control.front.unanswered


def wait_asleep(control: Control) -> Container:
    """Wait until a container sleeps, and return it: to be told of an input is not to have begun it."""
    container, entry = control.busy("Model.*", method="sleep")
    control.wait(lambda: control.contents("sample-progress").get("asleep") == entry.id)
    return container


def wait_idle(control: Control, tag: str) -> None:
    control.wait(lambda: not any(each.running for each in control.containers(tag)), what="idleness")


def test_a_class_is_recorded_with_all_that_it_declares(control: Control, mounted: str) -> None:
    model = control.functions["Model.*"]
    assert model.gpu == "L40S"
    assert model.snapshot
    assert (model.max_inputs, model.target_inputs) == (4, 3)
    assert (model.min_containers, model.max_containers, model.scaledown_window_s) == (0, 2, 30)
    assert (model.timeout_s, model.startup_timeout_s, model.retries) == (60, 40, 0)
    assert {path: volume.name for path, volume in model.volumes.items()} == {mounted: "sample-weights"}
    assert [(each.name, each.required_keys) for each in model.secrets] == [("sample-secret", {"SAMPLE_KEY"})]
    assert model.methods == ("count", "plan", "sleep")
    assert model.web is model.schedule is None
    assert model.definition.class_parameter_info.schema[0].name == "size"


def test_functions_are_recorded_with_retries_schedule_and_web_address(control: Control) -> None:
    functions = control.functions
    assert set(functions) == {
        *("Model.*", "double", "where", "flaky", "produce", "endless", "reverse", "hourly", "web")
    }
    assert functions["flaky"].retries == 2
    assert functions["hourly"].schedule == "Period(hours=1)"
    assert functions["double"].gpu is None
    assert functions["web"].web == "asgi_app"
    assert functions["web"].web_url.startswith("http://127.0.0.1:")
    assert (functions["web"].min_containers, functions["web"].max_inputs) == (1, 20)
    assert control.app("sample").functions == functions


def test_an_image_is_recorded_with_pins_and_environment(control: Control, mounted: str) -> None:
    image = control.functions["double"].image
    assert image
    assert image.packages == {"fastapi": ">=0.165", "no-such-package": "==1.0"}
    assert image.absent == ["no-such-package==1.0"]
    assert image.env == {"SAMPLE_WEIGHTS": mounted, "SAMPLE": "of the image"}
    assert image.commands[0].startswith("FROM python:3.11")


def test_files_are_kept_by_their_path_and_bytes(control: Control) -> None:
    files = control.functions["double"].files
    local = {SAMPLE: "sample_app.py"}
    for folder, pattern in (("phonetics", "**/*.py"), ("phonetics/data", "*")):
        local |= {
            path: str(path.relative_to(ROOT)) for path in (ROOT / folder).glob(pattern) if path.is_file()
        }
    expected = {
        str(HOME / name): hashlib.sha256(path.read_bytes()).hexdigest() for path, name in local.items()
    }
    assert files == expected
    assert control.uploaded("double", str(HOME / "sample_app.py")) == SAMPLE.read_bytes()


def test_a_container_sees_only_what_was_uploaded_and_what_its_image_installs(
    control: Control, mounted: str
) -> None:
    seen = control.invoke("where").result()
    assert not Path(seen["phonetics"]).is_relative_to(ROOT)
    assert PurePosixPath(seen["phonetics"]).parent.name == "phonetics"
    assert set(seen["data"]) == {path.name for path in (ROOT / "phonetics/data").iterdir() if path.is_file()}
    assert seen["found"] == ["fastapi"]  # neither our other packages nor numpy, which the tests have
    assert seen["folder"] == ["phonetics", "sample_app.py"]
    assert seen["env"] == {
        "SAMPLE": "of the image",
        "SAMPLE_WEIGHTS": mounted,
        "SAMPLE_EXTRA": "of the tests",
    }
    assert not [path for path in seen["path"] if path.endswith("site-packages")]
    assert str(ROOT) not in seen["path"]


def test_a_class_loads_from_its_volume_and_comes_back_from_its_snapshot(control: Control) -> None:
    plan = control.invoke("Model.*", "rain", method="plan").result()
    assert (plan["text"], plan["size"]) == ("RAIN", "small")
    assert plan["steps"] == ["load", "the weights", "move"]
    assert [each.snapshots for each in control.containers("Model.*")] == [1]
    assert control.invoke("Model.*", "sun", method="plan").result()["pid"] == plan["pid"]


def test_instances_with_other_parameters_have_containers_of_their_own(control: Control) -> None:
    small = control.invoke("Model.*", "", method="plan").result()
    large = control.invoke("Model.*", "", method="plan", params={"size": "large"}).result()
    assert (small["size"], large["size"]) == ("small", "large")
    assert small["pid"] != large["pid"]


def test_a_container_works_on_several_inputs_at_a_time_and_others_start_up_to_the_limit(
    control: Control,
) -> None:
    calls = [control.invoke("Model.*", 1.0, method="sleep", params={"size": "many"}) for _ in range(10)]
    assert [call.result() for call in calls] == [call.id for call in calls]
    used = [each for each in control.containers("Model.*") if each.function is calls[0].call.function]
    assert len(used) == 2
    assert sum(each.taken for each in used) == 10


def test_a_failed_input_is_tried_again_as_often_as_declared(control: Control) -> None:
    assert control.invoke("flaky", 2).result() == 3
    with pytest.raises(ValueError, match="try 6 fails"):
        control.invoke("flaky", 9).result()


def test_an_input_over_its_timeout_fails_and_its_container_is_ended(control: Control) -> None:
    call = control.invoke("endless")
    container, _ = control.busy("endless")
    with pytest.raises(RemoteFailure, match=r"timeout: .* hit its timeout of 2s"):
        call.result()
    control.wait(lambda: not container.alive)


def test_large_inputs_and_outputs_go_through_blobs(control: Control) -> None:
    before = control.front.calls.get("BlobCreate", 0)
    data = os.urandom(3 * 2**20)
    script = (
        "import modal; data = bytes(range(256)) * 12288\n"
        "assert modal.Function.from_name('sample', 'reverse').remote(data) == data[::-1]; print('equal')"
    )
    assert control.invoke("reverse", data).result() == data[::-1]
    result = control.python("-c", script)
    assert result.stdout == "equal\n"
    assert control.front.calls["BlobCreate"] == before + 3  # an output; an input and its output


def test_the_client_calls_spawns_maps_streams_and_looks_up(control: Control) -> None:
    script = """
import asyncio, modal
model = modal.Cls.from_name("sample", "Model")
double = modal.Function.from_name("sample", "double")
call = double.spawn(4)
assert modal.FunctionCall.from_id(call.object_id).get() == 8
assert list(double.map(range(5))) == [0, 2, 4, 6, 8]
assert list(model().count.remote_gen(3)) == [0, 1, 2]
async def main():
    assert (await model(size="large").plan.remote.aio("x"))["size"] == "large"
    assert [each async for each in model().count.remote_gen.aio(2)] == [0, 1]
asyncio.run(main())
entries = modal.Dict.from_name("sample-progress", create_if_missing=True)
entries["a"] = {"b": 1}
assert entries["a"] == {"b": 1} and "a" in entries and entries.len() >= 1
assert ("a", {"b": 1}) in list(entries.items()) and entries.put("a", 2, skip_if_exists=True) is False
assert entries.pop("a") == {"b": 1} and entries.get("a") is None
try:
    modal.Function.from_name("sample", "nothing").remote()
except modal.exception.NotFoundError:
    print("all good")
"""
    assert control.python("-c", script).stdout.splitlines()[-1:] == ["all good"]
    assert "doubling 4" in control.logs("double")


def test_a_job_spawns_a_step_and_tells_of_its_progress(control: Control) -> None:
    job = control.invoke("produce", 0.0)
    step, returned = job.result().split()
    assert step == returned
    assert control.contents("sample-progress")["stage"] == "done"
    child = next(call for call in control.calls if call.id == step)
    assert child.parent
    assert child.parent.call.id == job.id
    assert child.spawned


def test_the_web_function_answers_and_calls_other_functions(control: Control) -> None:
    answer = httpx.post(
        control.web_url("web") + "/plan", params={"size": "large"}, content=b"rain " * 200_000
    )
    assert answer.status_code == 200
    assert answer.json()["length"] == 1_000_000
    assert answer.json()["text"] == "RAIN " * 20
    assert answer.json()["size"] == "large"
    assert httpx.get(control.web_url("web") + "/nothing").status_code == 404


def test_a_web_request_over_the_limit_is_sent_on_to_its_result(control: Control) -> None:
    url = control.web_url("web") + "/slow?seconds=2.0"
    first = httpx.get(url)
    assert first.status_code == 303
    assert "__modal_function_call_id=fc-" in first.headers["location"]
    assert httpx.get(url, follow_redirects=True).json() == {"slept": 2.0}


def test_events_stream_and_a_client_that_leaves_is_noticed(control: Control) -> None:
    url = control.web_url("web") + "/events"
    with httpx.stream("GET", url, params={"number": 5}) as response:
        arrived = [(line, time.monotonic()) for line in response.iter_lines() if line]
    assert [line for line, _ in arrived] == [f"data: {each}" for each in range(5)]
    assert arrived[-1][1] - arrived[0][1] > 0.1  # as they were sent, not all at the end
    with httpx.stream("GET", url, params={"number": 100_000}) as response:
        next(response.iter_lines())
    control.wait(lambda: "the client has left" in control.logs("web"))


def test_a_killed_container_s_input_goes_to_another(control: Control) -> None:
    call = control.invoke("Model.*", 1.0, method="sleep")
    killed = control.kill("Model.*", method="sleep")
    assert call.result() == call.id
    entry = call.call.inputs[0]
    assert entry.attempts == 2
    assert entry.output
    assert entry.output.task_id != killed.task_id
    assert killed.exit_code == -9


def test_a_killed_web_container_s_request_is_answered_by_another_unless_its_response_had_begun(
    control: Control,
) -> None:
    answers: list[Any] = []
    url = control.web_url("web")

    def get() -> None:
        answers.append(httpx.get(f"{url}/slow?seconds=0.5", follow_redirects=True).json())

    thread = threading.Thread(target=get)
    thread.start()
    control.kill("web")
    thread.join()
    assert answers == [{"slept": 0.5}]
    with httpx.stream("GET", f"{url}/events?number=100000") as response:
        lines = response.iter_lines()
        assert next(lines) == "data: 0"
        control.kill("web")
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)


def test_a_replaced_web_container_ends_its_requests_before_it_ends(control: Control) -> None:
    answers: list[Any] = []
    url = control.web_url("web") + "/slow?seconds=1.0"
    thread = threading.Thread(target=lambda: answers.append(httpx.get(url, follow_redirects=True).json()))
    thread.start()
    old, _ = control.busy("web")
    control.replace("web")
    thread.join()
    assert answers == [{"slept": 1.0}]
    control.wait(lambda: not old.alive)
    assert old.exit_code == 0
    (new,) = control.wait(lambda: control.containers("web"))
    assert new is not old


def test_a_cancelled_call_stops_its_container_s_work(control: Control) -> None:
    call = control.invoke("Model.*", 60.0, method="sleep")
    container, (entry,) = wait_asleep(control), call.call.inputs
    call.cancel()
    with pytest.raises(RemoteFailure, match="terminated"):
        call.result()
    control.wait(lambda: control.contents("sample-progress").get("cancelled") == entry.id)
    assert container.alive
    wait_idle(control, "Model.*")


@pytest.mark.parametrize("children", [False, True])
def test_whether_the_calls_of_a_cancelled_input_are_cancelled_is_chosen(
    control: Control, *, children: bool
) -> None:
    control.set(cancel_children=children)
    job = control.invoke("produce", 3.0)
    container = wait_asleep(control)
    job.cancel()
    child = next(call for call in control.calls if call.parent and call.parent.call is job.call)
    control.wait(lambda: child.inputs[0].output)
    assert child.inputs[0].status == ("terminated" if children else "success")
    assert container.alive
    wait_idle(control, "Model.*")


def test_the_client_gets_over_faults_and_nothing_is_done_twice(control: Control) -> None:
    script = "import modal; print(sorted(modal.Function.from_name('sample', 'double').map(range(40)))[-1])"
    before = len(control.calls)
    with control.faults(unavailable=0.1, reset=0.05, lost=0.1, seed=1) as faults:
        result = control.python("-c", script)
        calls = [control.invoke("Model.*", 0.0, method="sleep") for _ in range(5)]
        assert [call.result() for call in calls] == [call.id for call in calls]
    assert result.stdout.splitlines()[-1] == "78"
    assert all(faults.made[kind] > 0 for kind in ("unavailable", "reset", "lost"))
    assert len(control.calls) == before + 6
    assert sorted(entry.index for entry in control.calls[before].inputs) == list(range(40))


def test_modal_run_makes_an_app_for_its_time_and_shows_its_logs(control: Control, mounted: str) -> None:
    printed = control.run(SAMPLE, "--number", "21", env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)
    assert "doubling 21" in printed
    assert "result 42" in printed
    assert "mapped [2, 4, 6]" in printed
    ephemeral = [app for app in control.world.apps.values() if app.stopped]
    assert len(ephemeral) == 1
    assert not [each for each in control.containers() if each.function.app is ephemeral[0]]
    assert "the hour" in control.run(f"{SAMPLE}::hourly", env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)


def test_a_redeployed_app_keeps_its_address_and_replaces_its_containers(
    control: Control, mounted: str
) -> None:
    url, (old,) = control.web_url("web"), control.containers("web")
    control.deploy(SAMPLE, env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)
    assert control.web_url("web") == url
    control.wait(lambda: not old.alive)
    assert httpx.get(url + "/slow?seconds=0", follow_redirects=True).json() == {"slept": 0.0}


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ({}, "Secret 'sample-secret' not found"),
        ({"sample-secret": {"OTHER": ""}}, "missing key(s): SAMPLE_KEY"),
    ],
)
def test_a_secret_that_is_not_there_or_lacks_a_key_stops_the_deployment(
    secrets: dict[str, dict[str, str]], message: str, mounted: str
) -> None:
    with Control(secrets=secrets) as control:
        result = control.cli("deploy", str(SAMPLE), env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)
        assert result.returncode != 0
        assert message in result.stdout
        assert not control.functions


def test_without_a_token_the_client_says_so(mounted: str) -> None:
    with Control() as control:
        env = {"SAMPLE_WEIGHTS": mounted, "MODAL_TOKEN_ID": "", "MODAL_TOKEN_SECRET": ""}
        result = control.cli("deploy", str(SAMPLE), env=env, cwd=ROOT)
        assert result.returncode != 0
        assert "Token missing" in result.stdout


def test_idle_containers_end_politely_and_starts_that_fail_fail_their_inputs(tmp_path: Path) -> None:
    mounted = str(tmp_path / "weights")
    with Control(secrets=SECRETS, scaledown_s=0.2, snapshots=False) as control:
        weights = control.volume("sample-weights")
        control.deploy(SAMPLE, env={"SAMPLE_WEIGHTS": mounted}, cwd=ROOT)
        with pytest.raises(FileNotFoundError, match=r"model\.txt"):  # from the class's enter()
            control.invoke("Model.*", "", method="plan").result()
        (weights / "model.txt").write_text("")
        assert control.invoke("Model.*", "", method="plan").result()["size"] == "small"
        ended = control.containers("Model.*", alive=False)[-1]
        control.wait(lambda: not ended.alive)
        assert ended.exit_code == 0
        assert (weights / "left.txt").read_text() == "small"  # by its exit()
        volume = next(iter(control.functions["Model.*"].volumes.values()))
        assert volume.commits == 3  # two starts that failed, and this
        pids = [each.pid for each in control.containers()]
    assert pids
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not Path(mounted).is_symlink()
    assert not control._thread.is_alive()
