"""What a photo is made safe from: what it tells beside the picture, and what it does to a decoder."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from config.errors import InvalidRequest, UnsupportedFormat
from tests.vision.photos import file_of, shot
from vision.photo import KEPT_SIDE, LARGEST_PIXELS, kept_photo, pixels_of

SECRET = b"Somewhere, 52.5200 N"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of so many pixels, all black, in a few kB."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000, 9) * 3
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def big_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header says so."""
    data = bytearray(file_of(shot("day"), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def big_webp(kind: bytes) -> bytes:
    most = (1 << 24) - 2 if kind == b"VP8X" else 16382
    if kind == b"VP8X":
        body = b"\0" * 4 + most.to_bytes(3, "little") * 2
    elif kind == b"VP8L":
        body = b"\x2f" + (most | most << 14).to_bytes(4, "little") + b"\0" * 8
    else:
        body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", most, most) + b"\0" * 8
    inner = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


@pytest.mark.parametrize(
    ("kind", "more", "off"),
    [("PNG", {}, 0), ("JPEG", {"quality": 95, "subsampling": 0}, 12), ("WEBP", {"lossless": True}, 0)],
)
def test_each_format_is_kept_as_a_png_of_the_same_picture(kind: str, more: dict[str, int], off: int) -> None:
    pixels = shot("sunset")
    kept = kept_photo(file_of(pixels, kind, **more))
    assert kept.startswith(b"\x89PNG")
    assert np.abs(pixels_of(kept).astype(int) - pixels).max() <= off


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_is_kept_but_the_picture(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    more = {"exif": exif.tobytes(), "icc_profile": b"profile " + SECRET, "xmp": SECRET}
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_text("Comment", SECRET.decode())
        more = {"exif": exif.tobytes(), "pnginfo": info}  # type: ignore[dict-item]
    data = file_of(shot("day"), kind, **more) + SECRET  # and what is behind the end
    assert SECRET in data
    kept = kept_photo(data)
    assert SECRET not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert image.info == {}
        assert not image.getexif()
    kinds = []
    at = 8
    while at < len(kept):
        length, name = struct.unpack(">I4s", kept[at : at + 8])
        kinds.append(name)
        at += 12 + length
    assert set(kinds) == {b"IHDR", b"IDAT", b"IEND"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright(orientation: int) -> None:
    upright = shot("sea")
    back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(upright)
    lying = image.transpose(back[orientation]) if orientation > 1 else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("PNG", "JPEG"):
        kept = pixels_of(kept_photo(file_of(np.asarray(lying), kind, exif=exif.tobytes())))
        assert kept.shape == upright.shape
        assert np.abs(kept.astype(int) - upright).mean() < 6


def test_a_large_photo_is_kept_smaller_and_still_stands_upright() -> None:
    pixels = np.zeros((3000, 4400, 3), np.uint8)
    pixels[:1500] = 220
    exif = Image.Exif()
    exif[0x0112] = 3
    for kind in ("JPEG", "PNG"):
        kept = pixels_of(kept_photo(file_of(pixels, kind, exif=exif.tobytes())))
        assert kept.shape == (round(3000 * KEPT_SIDE / 4400), KEPT_SIDE, 3)
        assert kept[-1].mean() > 200
        assert kept[0].mean() < 20


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_any_kind_of_pixels_can_be_read(mode: str) -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(48, 0)
    if mode == "I;16":
        image = Image.fromarray(ramp.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(ramp).convert("RGB" if mode == "CMYK" else "L").convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    kept = pixels_of(kept_photo(buffer.getvalue())).astype(int)
    assert kept.shape == (48, 64, 3)
    assert kept[:, -8:].mean() > kept[:, :8].mean() + 150


def test_what_shows_through_is_white() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[:16, :, 3] = 255
    kept = pixels_of(kept_photo(file_of(pixels)))
    assert (kept[:16] == 0).all()
    assert (kept[16:] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [Image.fromarray(shot(name)) for name in ("day", "night", "noise")]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], lossless=True, duration=50)
    kept = pixels_of(kept_photo(buffer.getvalue()))
    assert np.abs(kept.astype(int) - shot("day")).max() <= 1


@pytest.mark.parametrize(
    "data",
    [bomb(30_000, 30_000), bomb(8_000, 8_000), big_jpeg(60_000, 60_000)]
    + [big_webp(kind) for kind in (b"VP8X", b"VP8L", b"VP8 ")],
    ids=["900 million", "64 million", "jpeg", "VP8X", "VP8L", "VP8"],
)
def test_a_bomb_is_refused_before_it_goes_off(data: bytes) -> None:
    assert len(data) < 20_000
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRequest, match=f"{LARGEST_PIXELS:,} pixels at the most"):
            kept_photo(data)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_bomb_in_a_text_is_none() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 100_000_000, 9))
    data = file_of(shot("day"))
    at = data.index(b"IDAT") - 4
    with pytest.raises(InvalidRequest, match="damaged"):
        kept_photo(data[:at] + text + data[at:])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_photo_that_is_cut_short_is_refused(kind: str, share: float) -> None:
    data = file_of(shot("noise"), kind)
    with pytest.raises(InvalidRequest, match=r"cut short or damaged|send one of"):
        kept_photo(data[: int(len(data) * share)])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_bytes_are_refused_or_read_and_never_a_bug(kind: str) -> None:
    rng = np.random.default_rng(11)
    data = file_of(shot("woods"), kind, exif=Image.Exif().tobytes())
    refused = 0
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(8, len(broken), 12):
            broken[at] = rng.integers(0, 256)
        try:
            pixels_of(kept_photo(bytes(broken)))
        except InvalidRequest:
            refused += 1
    assert refused > 20


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"  <svg onload='alert(1)'/>", "SVG"),
        (file_of(shot("day"), "GIF"), "another format"),
        (file_of(shot("day"), "BMP"), "another format"),
        (file_of(shot("day"), "TIFF"), "another format"),
        (b"", "an empty file"),
        (b"hello", "not an image"),
        (b"RIFF\0\0\0\0WAVE", "not an image"),
    ],
)
def test_other_formats_are_refused_by_their_bytes(data: bytes, says: str) -> None:
    with pytest.raises(UnsupportedFormat, match=says) as caught:
        kept_photo(data)
    assert "PNG, JPEG, WebP" in caught.value.fix


@pytest.mark.parametrize(
    ("size", "says"),
    [((8, 100), "16 pixels or more"), ((16, 1000), "20 times as long"), ((1, 1), "16 pixels")],
)
def test_what_is_too_small_or_thin_is_refused(size: tuple[int, int], says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        kept_photo(file_of(np.zeros((*size, 3), np.uint8)))


def test_an_orientation_that_cannot_be_read_is_none() -> None:
    pixels = shot("day")
    data = file_of(pixels, "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(pixels_of(kept_photo(data)), pixels)
