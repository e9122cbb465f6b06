"""``main.py`` deployed by the genuine client to the stand-in, with a real S3 server as its bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.modal.control import Control
from tests.storage.s3 import KEY, S3, SECRET

ROOT = Path(__file__).parent.parent.parent
TOKEN = "token-of-these-tests"
SKETCH = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART", "VISION")}
SHORT = {"full_described_song": "a slow waltz about the sea", "audio_duration": 5.0}


def engines_in(module: str, kind: str = "") -> dict[str, str]:
    """The settings for the engines ``<kind>Writer``, ``<kind>Composer`` and ``<kind>Painter`` of a module of
    these tests, which the images of a deployment contain."""
    return {
        "SONGWRIGHT_LYRICS__ENGINE": f"{module}:{kind}Writer",
        "SONGWRIGHT_MUSIC__ENGINE": f"{module}:{kind}Composer",
        "SONGWRIGHT_ART__ENGINE": f"{module}:{kind}Painter",
        "SONGWRIGHT_VISION__ENGINE": "sketch",
        "SONGWRIGHT_MODAL__PACKAGES": "tests",
    }


@dataclass
class Deployed:
    """The deployment, and the bucket behind it."""

    control: Control
    s3: S3
    bucket: str
    env: dict[str, str]

    @property
    def client(self) -> httpx.Client:
        """Of the deployed web function; to be closed."""
        return httpx.Client(
            base_url=self.control.web_url("web"),
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=180.0,
            follow_redirects=True,
        )

    def keys(self, prefix: str = "") -> set[str]:
        pages = self.s3.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {entry["Key"] for page in pages for entry in page.get("Contents", ())}

    def read(self, key: str) -> bytes:
        data: bytes = self.s3.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return data


def secret_of(s3: S3, bucket: str, endpoint: str = "") -> dict[str, str]:
    """What ``music-gen-secret`` holds."""
    return {
        "R2_BUCKET_NAME": bucket,
        "R2_ENDPOINT_URL": endpoint or s3.endpoint,
        "R2_ACCESS_KEY_ID": KEY,
        "R2_SECRET_ACCESS_KEY": SECRET,
        "API_BEARER_TOKEN": TOKEN,
    }


@contextmanager
def deployed(
    s3: S3,
    env: Mapping[str, str],
    *,
    endpoint: str = "",
    weights: Callable[[Control], None] | None = None,
    **options: Any,
) -> Iterator[Deployed]:
    """``modal deploy main.py`` with ``env`` set. ``weights`` fills the volumes."""
    bucket = s3.new_bucket()
    secrets = {"music-gen-secret": secret_of(s3, bucket, endpoint)}
    with Control(secrets=secrets, **options) as control:
        if weights:
            weights(control)
        whole = {"R2_REGION": "us-east-1", **env}
        control.deploy(ROOT / "main.py", env=whole, cwd=ROOT)
        yield Deployed(control, s3, bucket, whole)


def until(look: Callable[[], Any], timeout_s: float = 60.0, what: str = "it") -> Any:
    """What ``look`` finds, once it finds something."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.1)
    return found
