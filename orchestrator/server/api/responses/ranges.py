"""Bytes of the store as HTTP: ranges, validators and HEAD (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from orchestrator.server.api.problems import RANGE, problem
from orchestrator.server.api.responses.pieces import Pieces
from orchestrator.songs.manifest import Asset
from storage.contract import Store

_BYTES = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?", re.ASCII)


def asset_response(request: Request, store: Store, asset: Asset, *, filename: str = "") -> Response:
    """The asset, or the one range of it that was asked for, or that the client's copy is still good.

    Several ranges at once are answered with the whole, as the standard allows.
    """
    etag = f'"{asset.sha256[:32]}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=0, must-revalidate",
    }
    if filename:
        headers["Content-Disposition"] = f'inline; filename="{filename}"'
    if _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)

    start, end, status = 0, asset.size_bytes, 200
    wanted = request.headers.get("range", "")
    if (
        wanted
        and request.headers.get("if-range", etag) == etag
        and (found := _BYTES.fullmatch(wanted.strip()))
    ):
        span = _span(found[1], found[2], asset.size_bytes)
        if span is None:
            detail = f"{wanted[:60]} asks for what is not there: the file has {asset.size_bytes} bytes."
            return problem(RANGE, detail, headers={"Content-Range": f"bytes */{asset.size_bytes}"})
        if span != (-1, -1):
            start, end = span
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{asset.size_bytes}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=asset.content_type)
    return Pieces(store.open(asset.key, start, end), status, headers, asset.content_type)


def _span(first: str | None, last: str | None, size: int) -> tuple[int, int] | None:
    """From and up to, not including; None where nothing of it is in the file, (-1, -1) where it says
    nothing."""
    if first is None:
        if last is None:
            return (-1, -1)
        count = min(int(last), size)
        return (size - count, size) if count else None
    start = int(first)
    if last is not None and int(last) < start:
        return (-1, -1)  # not a range at all: to be ignored
    return (start, min(int(last) + 1 if last is not None else size, size)) if start < size else None


def _matches(header: str, etag: str) -> bool:
    names = [name.strip().removeprefix("W/") for name in header.split(",")]
    return etag in names or "*" in names
