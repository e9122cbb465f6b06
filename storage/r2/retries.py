"""Which requests to S3 are tried again, how often, and after how long."""

from __future__ import annotations

import random
from typing import Any

from botocore.exceptions import HTTPClientError, SSLError

ATTEMPTS = 8

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.1, 5.0
_PASSING = frozenset({429, 500, 502, 503, 504})


def wait_s(
    attempts: int, response: tuple[Any, Any] | None, caught_exception: Exception | None, **_: object
) -> float | None:
    """Seconds until botocore tries again, or None if it must not: the handler of its event ``needs-retry``.

    botocore's own retry modes stop retrying altogether once many requests of a client had to be repeated.
    """
    if response is None:
        passing = isinstance(caught_exception, HTTPClientError) and not isinstance(caught_exception, SSLError)
    else:
        passing = response[0].status_code in _PASSING
    if not passing or attempts >= ATTEMPTS:
        return None
    return random.uniform(0, min(_FIRST_WAIT_S * 2 ** (attempts - 1), _LONGEST_WAIT_S))
