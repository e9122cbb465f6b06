import re
from collections.abc import Iterator
from functools import partial
from random import Random

import pytest

from config.engine import ignore_progress
from lyrics.contract import PlanRequest, SongPlan
from lyrics.sketch.couplets import fit
from lyrics.sketch.engine import SketchWriter
from lyrics.sketch.material.fields import fields, table
from lyrics.sketch.nouns import head
from lyrics.sketch.theme import theme_of
from lyrics.sketch.voice import filling_of, speech_of
from tests.clock import first_run_s
from tests.lyrics.briefs import SUBJECTS, TOPICS

WRITER = SketchWriter()


def plan(description: str, seed: int = 1) -> SongPlan:
    return WRITER.plan(PlanRequest(description=description, seed=seed, duration_s=120.0), ignore_progress)


def refrain(made: SongPlan) -> str:
    """The chorus as one text in small letters."""
    return " ".join(made.lyrics.split("[chorus]\n")[1].split("\n\n")[0].split()).lower()


def songs() -> Iterator[tuple[str, SongPlan]]:
    for topic in TOPICS:
        for seed in (1, 2, 3):
            yield topic, plan(f"a song about {topic}", seed)


SONGS = list(songs())


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("leaving home", "doing"),
        ("losing my keys", "doing"),
        ("not giving up", "doing"),
        ("morning light", "thing"),
        ("flying cars", "thing"),
        ("my father's old coat", "thing"),
        ("my dog Biscuit", "who"),
        ("Maria", "who"),
        ("Memphis", "thing"),
        ("the girl next door", "who"),
        ("a king without a crown", "who"),
        ("the neon rain", "thing"),
        ("never give up", "clause"),
        ("I miss you", "clause"),
    ],
)
def test_a_theme_is_known_for_a_thing_a_doing_somebody_or_a_sentence(text: str, kind: str) -> None:
    assert theme_of(text).kind == kind


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("life without you", "Life Without You"),
        ("running out of time", "Running Out of Time"),
        ("my first apartment in Brooklyn and the neighbours", "My First Apartment in Brooklyn"),
    ],
)
def test_a_title_ends_on_a_word_that_can_end_it(text: str, title: str) -> None:
    assert theme_of(text).title == title


@pytest.mark.parametrize(
    ("text", "phrase", "plural"),
    [
        ("lighthouse", "the lighthouse", False),
        ("a lighthouse", "the lighthouse", False),
        ("cheese", "cheese", False),
        ("loneliness", "loneliness", False),
        ("old photographs", "old photographs", True),
        ("two robots", "two robots", True),
        ("coffee and toast", "coffee and toast", True),
        ("99 balloons", "99 balloons", True),
        ("people", "people", True),
        ("chess", "chess", False),
        ("Paris", "Paris", False),
        ("maria", "Maria", False),
        ("grandma's kitchen", "grandma's kitchen", False),
        ("the smell of roses", "the smell of roses", False),
        ("losing my keys", "losing my keys", False),
        ("climate change", "climate change", False),
        ("you", "you", True),
    ],
)
def test_a_phrase_has_its_article_and_the_number_of_its_verb(text: str, phrase: str, plural: bool) -> None:  # noqa: FBT001
    theme = theme_of(text)
    assert (theme.phrase, theme.is_plural) == (phrase, plural)


@pytest.mark.parametrize(
    ("text", "phrase", "sentence"),
    [
        ("two robots who fall in love", "two robots", "two robots fall in love"),
        ("a robot who learns to cry", "the robot", "the robot learns to cry"),
        ("a robot learns to cry", "the robot", "the robot learns to cry"),
        ("an astronaut writing letters home", "the astronaut", "the astronaut's writing letters home"),
        ("the river that runs through our town", "the river", "the river runs through our town"),
        ("how my father fixed the car", "my father", "my father fixed the car"),
        ("how we met", "the way we met", "we met"),
        ("how to bake bread", "baking bread", ""),
        ("someone I used to know", "someone I used to know", ""),
        ("a house that we built", "the house", ""),
        ("never give up", "never give up", "never give up"),
    ],
)
def test_what_a_description_says_of_its_subject_is_a_sentence(text: str, phrase: str, sentence: str) -> None:
    theme = theme_of(text)
    assert (theme.phrase, theme.sentence) == (phrase, sentence)


@pytest.mark.parametrize("kind", ["thing", "doing", "who"])
@pytest.mark.parametrize(
    "theme",
    ["rain", "the rain", "the blue rain", "leaving my home", "the old lighthouse", "my grandmother's dog"],
)
def test_a_theme_of_any_length_fits_enough_couplets_of_each_stage(kind: str, theme: str) -> None:
    letter = {"thing": "t", "doing": "d", "who": "w"}[kind]
    filling = filling_of(theme_of(theme), fields()["sea"])
    for stage in (1, 2):
        rows = [row for row in table("frames", "verse") if letter in row.kinds and row.stage == stage]
        assert (
            sum(fit(row, 8, Random(1), filling) is not None for row in rows if "{am}" not in row.first) >= 5
        )


def test_titles_have_two_to_five_words_of_the_hook() -> None:
    for topic, made in SONGS:
        assert 2 <= len(made.title.split()) <= 5, (topic, made.title)
        assert made.title.lower() in refrain(made), (topic, made.title, refrain(made))


@pytest.mark.parametrize(
    "title",
    ["Neon Glow", "Don't Go", "Étoile", "nachtlicht", "Running With the Wolves", "The Long, Long Road", "X",
     "A Very Long Title for a Song That Nobody Can Sing in One Breath"],
)  # fmt: skip
def test_a_title_that_the_user_asks_for_stays_and_is_sung(title: str) -> None:
    for seed in range(5):
        made = plan(f'a song called "{title}" about rain', seed)
        assert made.title == title
        assert title.lower() in refrain(made)


def test_a_hook_is_a_sentence_around_its_subject() -> None:
    """Of each base, the words around the subject have a verb that agrees with it."""
    for topic, made in SONGS:
        theme = theme_of(topic)
        for line in made.lyrics.lower().splitlines():
            if theme.phrase.lower() not in line or theme.kind == "clause":
                continue
            after = line.split(theme.phrase.lower(), 1)[1].split()[:1]
            wrong = (
                {"is", "was", "has", "knows", "keeps"}
                if theme.is_plural
                else {"are", "were", "have", "know", "keep"}
            )
            assert not set(after) & wrong, (topic, line)
            assert not re.search(r"\b(?:the|a) (?:the|a|an|my|our|two(?! of)|maria|london)\b", line), (
                topic,
                line,
            )


def test_a_song_speaks_to_nobody_or_to_one() -> None:
    """Lines with "you" only stand in songs that speak to "you"."""
    spoken = 0
    for topic, made in SONGS:
        theme = theme_of(topic)
        field = next(field for field in fields().values() if field.label == made.categories[-1])
        speaks = speech_of(theme, field, made.mood).to_you
        spoken += speaks
        if not speaks:
            assert not re.search(r"\b(?:you|your|yours)\b", made.lyrics, re.IGNORECASE), (topic, made.lyrics)
    assert 10 < spoken < len(SONGS)


MINE, YOU = (
    re.compile(r"\b(?:I|me|my|mine|myself|we|us|our)\b", re.IGNORECASE),
    re.compile(r"\b(?:you|your)\b", re.IGNORECASE),
)
OF_OTHERS = (
    "a truck driver who misses his kids", "two robots who fall in love", "a dragon", "cats", "pirates",
    "a knight", "cowboys", "wolves", "Maria", "the man who sold the moon", "truck drivers",
    "an astronaut writing letters home", "my grandma", "my dog", "my best friend", "my mother", "my father",
)  # fmt: skip


@pytest.mark.parametrize("topic", OF_OTHERS)
def test_a_song_about_somebody_never_slips_into_i(topic: str) -> None:
    """Only in a song of "my dog" a couplet that names the dog may say "I"."""
    theme = theme_of(topic)
    assert theme.kind == "who"
    for seed in range(5):
        for genre in ("folk", "blues", "pop", "hip hop"):
            lines = plan(f"a {genre} song about {topic}", seed).lyrics.splitlines()
            for n, line in enumerate(lines):
                assert not YOU.search(line), (topic, line)
                said = re.sub(rf"\bmy (?=(?:\w+ )?{head(theme.phrase)})", "", line, flags=re.IGNORECASE)
                if MINE.search(said):
                    near = " ".join(lines[max(n - 2, 0) : n + 3]).lower()
                    assert topic.startswith("my "), (topic, lines)
                    assert head(theme.phrase) in near, (topic, lines)


@pytest.mark.parametrize("topic", SUBJECTS)
def test_no_song_changes_its_person(topic: str) -> None:
    """A song of others has no "I"; a song of mine has no "you", unless it is to "you"."""
    for seed in range(4):
        made = plan(f"a song about {topic}", seed)
        theme = theme_of(topic)
        field = next(field for field in fields().values() if field.label == made.categories[-1])
        speech = speech_of(theme, field, made.mood)
        if not speech.to_you:
            assert not YOU.search(made.lyrics), made.lyrics
        if speech.of_others and not topic.startswith("my "):
            assert not MINE.search(made.lyrics), made.lyrics
    assert speech.of_others is (theme.kind == "who")


def test_nobody_praises_an_evil() -> None:
    for bad in ("war", "loneliness", "climate change", "losing my job", "being tired of Mondays"):
        assert theme_of(bad).is_bad
        for seed in range(8):
            text = refrain(plan(f"a song about {bad}", seed))
            assert not re.search(rf"(?:love with|live for|made for|want|need|give me) {bad}", text), text


def test_verses_speak_of_the_field_of_their_subject() -> None:
    for subject, name in SUBJECTS.items():
        field = fields()[name]
        for seed in (1, 2):
            made = plan(f"a song about {subject}", seed)
            assert made.categories[-1] == field.label, (subject, made.categories)
            known = {row.first for part in field.parts.values() for row in part}
            assert known & set(made.lyrics.splitlines()) or any(
                thing in made.lyrics for thing in field.things
            )
            others = {
                row.first
                for one in fields().values()
                if one.name not in (name, "everyday")
                for row in one.verses
            }
            assert not others & set(made.lyrics.splitlines()), subject


def test_songs_of_one_seed_do_not_share_a_key() -> None:
    themes = ("rain", "owls", "the sea", "home", "fire", "chess", "a train", "snow")
    requests = [PlanRequest(description=f"pop about {theme}", seed=1) for theme in themes]
    assert len({WRITER.plan(request, ignore_progress).key for request in requests}) >= 4


def test_ten_thousand_letters_of_a_subject_are_read_in_no_time() -> None:
    for text in ("who " * 2_500, "a" * 10_000, "how we " * 1_500, " and the" * 1_300, "king " * 2_000):
        assert first_run_s(partial(theme_of, f"a {text}")) < 0.5, text[:20]
