"""The OpenAPI document and the service hold each other to their word: thousands of requests made from the one
are sent to the other (Schemathesis), with the token and without."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.server.api.middleware.auth import PUBLIC, SESSION_PATH
from tests.long import few_first, soak_after
from tests.service.server import TOKEN, Server, serving

CONFIG = Path(__file__).with_name("schemathesis.toml")
SIGNED = "/files/{key}"  # its own signature may stand in for the token
METHODS = ("get", "head", "post", "delete", "put", "patch")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    limits = {"SONGWRIGHT_QUEUE_LIMIT": "100000", "SONGWRIGHT_BODY_TIMEOUT_S": "5"}
    limits["SONGWRIGHT_WRONG_TOKENS_PER_MINUTE"] = "0"
    with serving(tmp_path_factory.mktemp("home"), **limits) as running:
        yield running


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.url}/openapi.json").raise_for_status().json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


@pytest.mark.parametrize(
    ("phases", "token", "examples", "least"),
    few_first(
        2,
        [
            ("fuzzing", TOKEN, 3, 60),
            ("fuzzing", "", 3, 60),
            ("examples,coverage", TOKEN, 20, 1250),
            ("stateful", TOKEN, 20, 65),
            *soak_after(
                0,
                [
                    ("stateful", TOKEN, 40, 130),
                    ("fuzzing", TOKEN, 6, 225),
                    ("examples,coverage", "", 10, 1000),
                ],
            ),
        ],
    ),
)
def test_thousands_of_requests_find_no_difference_between_document_and_service(
    server: Server, tmp_path: Path, phases: str, token: str, examples: int, least: int
) -> None:
    command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG)]
    command += ["run", f"{server.url}/openapi.json", "--checks", "all", "--phases", phases]
    command += ["--max-examples", str(examples), "--seed", "20261121", "--no-shrink", "--no-color"]
    # A request that waits for its song waits for those before it too.
    command += ["--request-timeout", "90", "--max-response-time", "90"]
    command += ["--header", f"Authorization: Bearer {token}"] if token else []
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=400)
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    counted = re.search(r"(\d+) generated, (\d+) passed", result.stdout)
    assert counted, result.stdout[-2000:]
    assert counted[1] == counted[2]
    assert int(counted[1]) >= least
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_every_path_but_the_public_ones_wants_a_token(server: Server, document: dict[str, Any]) -> None:
    requests_made = 0
    for path, method, _ in operations(document):
        url = server.url + re.sub(r"\{\w+\}", "yb0ad2k3w1h7q5m", path)
        for token in ("", "Bearer wrong-token-1", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer"):
            answer = httpx.request(method, url, headers={"Authorization": token} if token else {})
            if path in PUBLIC:
                assert answer.status_code == 200
                continue
            if path == SESSION_PATH and not token:  # for whoever has a code
                continue
            requests_made += 1
            assert answer.status_code == 401, (method, path, token)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            if method != "head":
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.json()["type"] == "urn:songwright:problem:unauthorized"
                assert answer.json()["retry"] is False
    assert requests_made > 100


def test_a_client_generator_finds_names_examples_errors_and_headers(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names) > 25
    for path, method, operation in operations(document):
        where = (method, path)
        assert re.fullmatch(r"[a-z_]+", operation["operationId"]), where
        assert operation["summary"], where
        assert operation["tags"], where
        assert bool(operation.get("security")) == (path not in {*PUBLIC, SIGNED, SESSION_PATH}), where
        for status, response in operation["responses"].items():
            assert response["description"], (*where, status)
            assert "X-Request-ID" in response["headers"], (*where, status)
            if status >= "400" and path != "/health/ready":  # its 503 tells of each engine
                refusal = response["content"]["application/problem+json"]["schema"]
                assert refusal == {"$ref": "#/components/schemas/Problem"}, (*where, status)
            if status in ("429", "503") and path not in PUBLIC:
                assert "Retry-After" in response["headers"], (*where, status)
    for path in ("description", "with-lyrics", "with-described-lyrics"):
        prefix = "/generate-from-" if path == "description" else "/generate-"
        operation = document["paths"][prefix + path]["post"]
        body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert document["components"]["schemas"][body]["examples"]
        assert "Location" in operation["responses"]["202"]["headers"]


def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for inner in node.values():
                yield from references(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from references(inner)

    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
