import numpy as np
import pytest
from numpy.typing import NDArray

from art.typeset import FACES, Setting, typeset
from tests.art.test_sketch import share_with_contrast

SIZE = 384
ROOM = np.random.default_rng(0)
GROUNDS: dict[str, NDArray[np.uint8]] = {
    "white": np.full((SIZE, SIZE, 3), 255, np.uint8),
    "black": np.zeros((SIZE, SIZE, 3), np.uint8),
    "grey": np.full((SIZE, SIZE, 3), 119, np.uint8),
    "noise": ROOM.integers(0, 256, (SIZE, SIZE, 3)).astype(np.uint8),
    "checks": (np.kron(np.indices((12, 12)).sum(axis=0) % 2, np.ones((32, 32))) * 255)[..., np.newaxis]
    .repeat(3, axis=2)
    .astype(np.uint8),
    "slope": np.linspace(0, 255, SIZE)[np.newaxis, :, np.newaxis]
    .repeat(SIZE, 0)
    .repeat(3, 2)
    .astype(np.uint8),
}


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("face", FACES)
def test_a_title_can_be_read_on_any_ground(ground: str, face: str) -> None:
    picture, box, warnings = typeset(GROUNDS[ground], "Paper Boats", Setting(face, "middle", "centre"))
    assert share_with_contrast(picture, box) >= 0.95
    assert warnings == ()


def test_the_picture_stays_as_it_was_away_from_the_title() -> None:
    picture, box, _ = typeset(GROUNDS["noise"], "Paper Boats", Setting("sans", "bottom", "left"))
    assert np.array_equal(picture[: box.top - SIZE // 8], GROUNDS["noise"][: box.top - SIZE // 8])


@pytest.mark.parametrize("title", ["Ñandú Größe", "Песня о море", "Μια νύχτα", "Łódź"])
def test_latin_cyrillic_and_greek_are_set_as_written(title: str) -> None:
    assert typeset(GROUNDS["black"], title, Setting("sans"))[2] == ()


@pytest.mark.parametrize("title", ["雨の夜", "أغنية", "Rain 🎉"])
def test_letters_that_no_font_has_are_changed_and_said(title: str) -> None:
    _, _, warnings = typeset(GROUNDS["black"], title, Setting("serif"))
    assert len(warnings) == 1


def test_a_title_without_letters_says_untitled() -> None:
    assert "Untitled" in typeset(GROUNDS["black"], "🎉 …", Setting("hand"))[2][0]


@pytest.mark.parametrize("title", ["x", "a " * 40, "W" * 80, "Supercalifragilistic expialidocious", "I am"])
def test_every_title_fits(title: str) -> None:
    for face in FACES:
        _, box, _ = typeset(GROUNDS["white"], title.strip(), Setting(face, capitals=True))
        assert 0 <= box.left < box.right <= SIZE
        assert 0 <= box.top < box.bottom <= SIZE


def test_the_same_title_is_the_same_pixels() -> None:
    one, two = (typeset(GROUNDS["slope"], "Paper Boats", Setting("retro"))[0] for _ in range(2))
    assert np.array_equal(one, two)
