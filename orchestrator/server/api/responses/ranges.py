"""Objects of the store over HTTP: conditions, ranges and HEAD (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from orchestrator.server.api.problems import PRECONDITION, RANGE, problem
from orchestrator.server.api.responses.conditions import Outcome, Validators
from orchestrator.server.api.responses.pieces import Pieces
from orchestrator.songs.manifest import Asset
from storage.contract import Stat, Store

_BYTES = re.compile(r"bytes=(.*)", re.IGNORECASE | re.DOTALL)
_SPAN = re.compile(r"([0-9]*)-([0-9]*)", re.ASCII)
_MOST_DIGITS = 18  # more than any file has bytes

Span = tuple[int, int]
"""From a byte up to, but not including, another."""


def asset_response(request: Request, store: Store, asset: Asset, stat: Stat, disposition: str) -> Response:
    """The asset, the requested range of it, 304 if the client's copy is current, or 412 if it asks for
    another version. ``stat`` are the object's facts.

    A request for several ranges gets the whole asset, as the standard allows.
    """
    validators = Validators(f'"{asset.sha256[:32]}"', stat.modified)
    headers = {
        **validators.headers,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=0, must-revalidate",
        "Content-Disposition": disposition,
    }
    outcome = validators.outcome(request.headers)
    if outcome is Outcome.FAILED:
        detail = "The file is not the version that the request's conditions name."
        return problem(PRECONDITION, detail, headers=validators.headers)
    if outcome is Outcome.NOT_MODIFIED:
        return Response(status_code=304, headers=headers)

    start, end, status = 0, asset.size_bytes, 200
    wanted = request.headers.get("range", "")
    # Ranges are for GET alone (section 14.2): HEAD answers the length of the file.
    if wanted and request.method == "GET" and validators.may_send_part(request.headers):
        spans = spans_of(wanted, asset.size_bytes)
        if spans == []:
            detail = f"{wanted[:60]} asks for what is not there: the file has {asset.size_bytes} bytes."
            beyond = {"Content-Range": f"bytes */{asset.size_bytes}", "Accept-Ranges": "bytes"}
            return problem(RANGE, detail, headers=beyond)
        if spans and len(spans) == 1:
            start, end = spans[0]
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{asset.size_bytes}"
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=asset.content_type)
    return Pieces(store.open(asset.key, start, end), status, headers, asset.content_type)


def spans_of(header: str, size: int) -> list[Span] | None:
    """The ranges of a ``Range`` header that lie in a file of ``size`` bytes. None if the header must be
    ignored: it is malformed, or in another unit than bytes."""
    found = _BYTES.fullmatch(header.strip())
    parts = [part.strip(" \t") for part in found[1].split(",")] if found else []
    spans = []
    for part in filter(None, parts):
        match = _SPAN.fullmatch(part)
        if match is None or part == "-":
            return None
        first, last = (_number(digits) if digits else None for digits in match.groups())
        if first is not None and last is not None and last < first:
            return None
        if span := _span(first, last, size):
            spans.append(span)
    return spans if any(parts) else None


def _span(first: int | None, last: int | None, size: int) -> Span | None:
    """The range in the file, cut at its end; None if it lies outside."""
    if first is None:
        count = min(last or 0, size)
        return (size - count, size) if count else None
    return (first, size if last is None else min(last + 1, size)) if first < size else None


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
