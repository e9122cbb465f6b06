"""A load of clients in a process of its own: ``python -m tests.service.load URL TOKEN CLIENTS SECONDS WHAT``.

Prints one JSON line: the latencies in milliseconds, sorted, and the statuses. Each client keeps one
connection, begins at a moment of its own, and sends its next request ``PAUSE_S`` after each answer.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

PAUSE_S = 1.0


def request(what: str, host: str, token: str, number: int) -> bytes:
    if what == "health":
        return f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    body = json.dumps({"full_described_song": f"a song {number}", "audio_duration": 5}).encode()
    head = (
        f"POST /generate-from-description HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Prefer: respond-async\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def client(
    url: str, token: str, what: str, until: float, latencies: list[float], seen: Counter[str]
) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    number = 0
    await asyncio.sleep(random.uniform(0.0, PAUSE_S))
    while time.monotonic() < until:
        number += 1
        began = time.perf_counter()
        writer.write(request(what, parts.netloc, token, number))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append((time.perf_counter() - began) * 1000)
        seen[head.split()[1].decode()] += 1
        await asyncio.sleep(PAUSE_S)
    writer.close()
    await writer.wait_closed()


async def main(url: str, token: str, clients: int, seconds: float, what: str) -> None:
    latencies: list[float] = []
    seen: Counter[str] = Counter()
    until = time.monotonic() + seconds
    await asyncio.gather(*(client(url, token, what, until, latencies, seen) for _ in range(clients)))
    print(json.dumps({"ms": [round(ms, 2) for ms in sorted(latencies)], "statuses": seen}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]))
