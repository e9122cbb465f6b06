"""``songwright doctor --modal``: what stands against a deployment, in one line each with what mends it."""

from __future__ import annotations

import re

import pytest

from orchestrator.modal.deployment.settings import SECRET_KEYS
from tests.long import short_if
from tests.modal.control import Control
from tests.modal.deployed import ROOT, SKETCH, TOKEN, secret_of
from tests.storage.s3 import s3_server

COMMAND = ("-m", "orchestrator", "doctor", "--modal")


def examined(control: Control, **env: str) -> tuple[int, str]:
    """The exit code, and what was said with its line breaks taken out."""
    result = control.python(*COMMAND, env={"NO_COLOR": "1", "HF_HUB_OFFLINE": "1", **env}, cwd=ROOT)
    return result.returncode, re.sub(r"\s+", " ", result.stdout)


def test_without_a_token_it_says_how_to_get_one() -> None:
    with Control() as control:
        code, said = examined(control, MODAL_TOKEN_ID="", MODAL_TOKEN_SECRET="")
    assert code == 1
    assert "run: modal setup" in said


@pytest.mark.long
def test_where_modal_cannot_be_reached_it_says_so() -> None:
    with Control() as control:
        code, said = examined(control, MODAL_SERVER_URL="http://127.0.0.1:9")
    assert code == 1
    assert "Modal cannot be reached" in said


def test_a_secret_that_is_missing_or_lacks_a_key_is_mended_by_a_command() -> None:
    with Control() as control:
        code, said = examined(control)
        assert code == 1
        assert "modal secret create --force music-gen-secret R2_BUCKET_NAME=..." in said
        control.add_secret("music-gen-secret", dict.fromkeys(SECRET_KEYS[1:], "x"))
        code, said = examined(control)
        assert code == 1
        assert SECRET_KEYS[0] in said


def test_a_volume_without_weights_is_filled_by_a_command() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        code, said = examined(control)
        assert code == 1
        assert said.count("run: modal run main.py::prefetch") == 4
        for size in ("15.2", "11.1", "6.9", "16.6"):
            assert f"{size} GB of files (as published; the hub does not answer)" in said
        models = {
            "qwen-hf-cache": ("Qwen--Qwen2-7B-Instruct", "Qwen--Qwen2-VL-7B-Instruct"),
            "ace-step-models": ("ACE-Step--acestep-v15-xl-turbo-diffusers",),
            "sdxl-turbo-models": ("stabilityai--sdxl-turbo",),
        }
        for volume, names in models.items():
            for name in names:
                (control.volume(volume) / "hub" / f"models--{name}").mkdir(parents=True)
        code, said = examined(control)
        assert code == 0, said
        assert "prefetch" not in said
        assert "on L40S, 1.95 USD an hour" in said
        other = {"SONGWRIGHT_MUSIC__MODEL": "ACE-Step/another"}
        assert examined(control, **other)[0] == 1
        assert examined(control, **SKETCH)[0] == 0


def test_a_gpu_that_cannot_run_its_model_is_named_before_modal_is_asked() -> None:
    with Control() as control:
        env = {"SONGWRIGHT_MUSIC__GPU": "L40S,T4", "MODAL_TOKEN_ID": "", "MODAL_TOKEN_SECRET": ""}
        env["SONGWRIGHT_DOORS__WITHOUT_TOKEN"] = "true"
        code, said = examined(control, **env)
    assert code == 1
    assert "SONGWRIGHT_MUSIC__GPU: 'L40S,T4' - T4 cannot run ACE-Step/acestep-v15-xl-turbo-diffusers" in said
    assert "use L4, A10, L40S" in said
    assert said.count("cannot run") == 1
    assert "doors Whoever reaches this address makes songs by /suno and /acestep without a token" in said


def test_an_unknown_gpu_is_named_with_the_one_that_was_meant() -> None:
    with Control() as control:
        result = control.python(*COMMAND, env={"SONGWRIGHT_ART__GPU": "L40"}, cwd=ROOT)
    assert result.returncode == 2
    assert "SONGWRIGHT_ART__GPU: 'L40'" in result.stdout
    assert "did you mean L40S?" in result.stdout


def test_an_engine_of_ones_own_has_no_volume_and_an_unknown_one_is_named() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        code, said = examined(control, **{**SKETCH, "SONGWRIGHT_MUSIC__ENGINE": "mine.engine:Composer"})
        assert code == 0, said
        assert "engine 'mine.engine:Composer' is your own, on L40S, 1.95 USD an hour" in said
        code, said = examined(control, **{**SKETCH, "SONGWRIGHT_MUSIC__ENGINE": "acestpe"})
    assert code == 1
    assert "!! music music engine: 'acestpe' use one of: sketch, acestep, musicgen, musicgen_melody" in said


def test_weights_whose_songs_may_not_be_sold_are_told_with_those_whose_may() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        code, said = examined(control, SONGWRIGHT_COMMERCIAL="true")
        assert code == 1
        assert "the licence of stabilityai/sdxl-turbo (SAI Non-Commercial Community) does not allow" in said
        assert said.count("use SONGWRIGHT_ART__ENGINE=diffusion, whose black-forest-labs/FLUX.2-klein") == 1
        other = {"SONGWRIGHT_COMMERCIAL": "true", "SONGWRIGHT_ART__ENGINE": "diffusion"}
        assert "licence" not in examined(control, **other)[1]


def test_it_tells_where_the_app_is_once_it_is_deployed() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        assert "is not deployed; run: modal deploy main.py" in examined(control, **SKETCH)[1]
        control.deploy(ROOT / "main.py", env=SKETCH, cwd=ROOT)
        assert control.web_url("web") in examined(control, **SKETCH)[1]


def test_a_token_that_can_be_guessed_is_named_before_it_is_deployed() -> None:
    with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
        code, said = examined(control, **SKETCH, API_BEARER_TOKEN="guess-me")
    assert code == 1
    assert "API_BEARER_TOKEN will not do" in said
    assert "secrets.token_urlsafe(32)" in said
    assert "guess-me" not in said


@pytest.mark.parametrize(
    "given",
    short_if(lambda given: given in ("", TOKEN), ["", "too-short", "another-token-of-these-tests", TOKEN]),
)
def test_it_asks_the_app_whether_it_takes_the_token(given: str) -> None:
    with s3_server() as s3:
        secret = secret_of(s3, s3.new_bucket()) | {"API_BEARER_TOKEN": given}
        with Control(secrets={"music-gen-secret": secret}) as control:
            control.deploy(ROOT / "main.py", env=SKETCH | {"R2_REGION": "us-east-1"}, cwd=ROOT)
            code, said = examined(control, **SKETCH, API_BEARER_TOKEN=TOKEN)
    assert code == (0 if given == TOKEN else 1)
    assert ("takes the token set here" in said) == (given == TOKEN)
    assert ("another API_BEARER_TOKEN, or an empty one" in said) == (given != TOKEN)
