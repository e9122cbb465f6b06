"""A stand-in for Modal's control plane: the genuine client deploys to it, and it runs the genuine containers.

    with Control(secrets={"music-gen-secret": {"R2_BUCKET_NAME": "songs"}}) as control:
        control.deploy("main.py", env={"SONGWRIGHT_MODELS": str(models)})  # `modal deploy`
        lyricist = control.functions["LyricsEngine.*"]
        assert lyricist.gpu == "L40S"
        assert lyricist.snapshot and lyricist.max_inputs == 8
        assert lyricist.image.packages["torch"] == "==2.13.0" and not lyricist.image.absent
        assert "lyrics/qwen.py" in {os.path.relpath(path, HOME) for path in lyricist.files}

        plan = control.invoke("LyricsEngine.*", brief, method="plan").result()  # in a genuine container
        answer = httpx.post(control.web_url("web") + "/generate", json=...)  # through the web front
        killed = control.kill("MusicEngine.*")  # its input goes to another container
        with control.faults(unavailable=0.1, reset=0.05, lost=0.05):  # between client and control plane
            printed = control.run("main.py", "--description", "rain")  # `modal run`, logs and all

What a function declared is on ``Function``: ``gpu``, ``image`` (``commands``, ``packages``, ``env``,
``absent``), ``files`` (path to SHA-256; the bytes by ``control.uploaded``), ``volumes`` (mount path to
``Volume``: ``name``, ``folder``), ``secrets`` (``name``, ``env``, ``required_keys``), ``snapshot``,
``max_inputs``, ``target_inputs``, ``min_containers``, ``max_containers``, ``scaledown_window_s``,
``timeout_s``, ``startup_timeout_s``, ``retries``, ``schedule``, ``web``, ``web_url``, ``methods``; and all of
it, as the client sent it, in ``definition``.

A container is ``python -S -m modal._container_entrypoint`` in an empty folder that stands for the home of
Modal's containers. It can import what was uploaded, what the image installs (links to the tests' own
packages, so versions are those: ``image.absent`` names what differs) and the client, nothing else; its
environment is the image's, the secrets' and ``container_env``. Volumes are links at their mount paths: let
the app take those from its settings, and mount at a free path. There is no GPU, no limit of memory or
network, and other paths of this machine can be read.

What Modal does that is done here too: containers by load up to ``max_containers``, input concurrency, scale-
down, retries, timeouts, lost containers' inputs given to others (but for a web response that has begun),
snapshot and restore (in place), cancellation, generators, maps, blobs, Dicts, Queues, logs, 303 after
``web_cut_s``. Whether Modal cancels the calls that a cancelled input has made is nowhere documented: here it
does not unless ``cancel_children`` is set.
"""

from tests.modal.calls import Call, Input
from tests.modal.containers import Container
from tests.modal.control import Control, Invocation, RemoteFailure
from tests.modal.records import App, Function, Secret, Volume

__all__ = [
    "App",
    "Call",
    "Container",
    "Control",
    "Function",
    "Input",
    "Invocation",
    "RemoteFailure",
    "Secret",
    "Volume",
]
