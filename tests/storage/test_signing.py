from urllib.parse import parse_qs, urlsplit

import pytest

from storage.signing import Signer

KEY = "songs/yb0ad2k3w1h7q5m/audio.wav"
NOW_S = 1_800_000_000.0


def parts(path: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(path).query)
    return query["expires"][0], query["signature"][0]


def test_a_path_is_good_for_its_time_and_up_to_five_minutes_more() -> None:
    signer = Signer(b"secret")
    expires, signature = parts(signer.path(KEY, 3600, now_s=NOW_S))
    assert 3600 < int(expires) - NOW_S <= 3900
    assert signer.check(KEY, expires, signature, now_s=NOW_S + 3600)
    assert not signer.check(KEY, expires, signature, now_s=NOW_S + 3901)


def test_paths_made_soon_after_each_other_are_the_same_so_that_caches_know_them() -> None:
    signer = Signer(b"secret")
    start = NOW_S - NOW_S % 300
    assert signer.path(KEY, 3600, now_s=start) == signer.path(KEY, 3600, now_s=start + 299)
    assert signer.path(KEY, 3600, now_s=start) != signer.path(KEY, 3600, now_s=start + 301)


@pytest.mark.parametrize("expires", ["", "-1", "1e12", "٣" * 10, "9" * 13, " 1900000000", "1900000000\n"])
def test_a_time_that_is_no_plain_number_is_refused_whatever_its_signature(expires: str) -> None:
    signer = Signer(b"secret")
    assert not signer.check(KEY, expires, signer._signature(KEY, expires), now_s=NOW_S)


def test_another_key_time_or_secret_has_another_signature() -> None:
    signer = Signer(b"secret")
    expires, signature = parts(signer.path(KEY, 3600, now_s=NOW_S))
    assert not signer.check(KEY + "x", expires, signature, now_s=NOW_S)
    assert not signer.check(KEY, str(int(expires) + 1), signature, now_s=NOW_S)
    assert not Signer(b"other").check(KEY, expires, signature, now_s=NOW_S)
    assert not signer.check(KEY, expires, signature.upper(), now_s=NOW_S)
