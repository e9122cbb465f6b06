"""Words with two sounds, each in lines for both."""

import pytest

from phonetics.speaking.homographs import HOMOGRAPHS
from phonetics.speaking.line import Line, bare
from phonetics.words import pronounce

# By word, a part of its phones in each sound, and lines in which it has it.
SOUNDS: dict[str, dict[str, str]] = {
    "live": {
        "AY": """
            live music tonight
            live at five
            Live from New York
            going live tonight
            a live wire
            coming to you live from LA
            live on air
            live in concert
            we are live
            the band played live
            listen to live music
            LIVE MUSIC
            it's live
            Live at the Apollo
        """,
        "IH": """
            I live here
            we live at the beach
            live your life
            live and let die
            I want to live forever
            where do you live
            live on the edge
            live in the moment
            you only live once
            watch me live my life
            long live the king
            I live for this
            we can't live without love
            the way you live
            people live in houses
            live, laugh, love
            let me live
            live it up
        """,
    },
    "lives": {
        "AY": """
            our lives
            save lives
            nine lives
            the rest of their lives
        """,
        "IH": """
            she lives alone
            love lives on
        """,
    },
    "lead": {
        "IY": """
            lead me home
            take the lead
            the lead singer
            you lead and I follow
            lead the way
            in the lead
            where the roads lead
            going to lead
            to lead me on
        """,
        "EH": """
            heavy as lead
            a lead pipe
            my heart is made of lead
            like lead in my veins
            turns to lead
            led zeppelin and lead balloons
            feet like lead
        """,
    },
    "close": {
        "S": """
            close to me
            so close
            a close friend
            hold me close
            come close
            too close
            close call
            stay close to the fire
            keep me close
            up close
            pull you close
            close enough
            standing close
        """,
        "Z": """
            close the door
            close your eyes
            as I close my eyes
            when the doors close
            don't close it
            bring it to a close
            we close at nine
            close my eyes and see
            never close your heart
            the close of day
        """,
    },
    "use": {
        "S": """
            no use
            what's the use
            it's no use crying
            the use of force
            make use of it
            what use is love
        """,
        "Z": """
            use me
            I can use you
            to use
            use your love
            use somebody
            you use me up
            I could use somebody
            don't use my name
        """,
    },
    "used": {
        "S T": """
            I used to know
        """,
        "Z D": """
            you used me
        """,
    },
    "tear": {
        "IH": """
            a tear in my eye
            every tear I cry
            one last tear
            a single tear
            tear drops fall
            no tear falls
        """,
        "EH": """
            tear me apart
            tear down the wall
            don't tear us up
            wear and tear
            tear it up
            I could tear the sky
            love will tear us apart
        """,
    },
    "tears": {
        "IH": """
            tears in heaven
            wipe your tears
            tears of joy
        """,
        "EH": """
            it tears me apart
            the pain tears me down
            she tears the page
        """,
    },
    "wind": {
        "IH": """
            the wind blows
            blowing in the wind
            like the wind
            cold wind blows
            rain and wind
            wind in my hair
            against the wind
            candle in the wind
            wind beneath my wings
            let the wind carry
        """,
        "AY": """
            wind it up
            wind down
            wind me up
            the roads wind
            to wind the clock
        """,
    },
    "winds": {
        "IH": """
            winds of change
        """,
        "AY": """
            the river winds through
        """,
    },
    "wound": {
        "AW": """
            all wound up
            wound around my heart
        """,
        "UW": """
            an open wound
            you wound me
            the wound is deep
            salt in the wound
        """,
    },
    "read": {
        "EH": """
            I read it yesterday
            have you read it
            I've read your letters
            I read the news today
            she read my letter
            I read the letter that you wrote
        """,
        "IY": """
            read to me
            read my mind
            can you read me
            read between the lines
            let me read
            don't read it
            I read you like a book
            read the room
            to read last year's mail
            did he read it
            I will read
        """,
    },
    "bow": {
        "AW": """
            take a bow
            bow down
            bow to the king
        """,
        "OW": """
            bow and arrow
            a bow in her hair
            bow tie
        """,
    },
    "bass": {
        "EY": """
            drop the bass
            bass guitar
            all about that bass
        """,
        "AE": """
            sea bass
            bass fishing
        """,
    },
    "dove": {
        "AH": """
            a white dove
            like a dove
            wings of a dove
        """,
        "OW": """
            he dove in
            I dove into the sea
        """,
    },
    "desert": {
        "EH": """
            in the desert
            desert rose
            the desert sun
            across the desert
        """,
        "ER1": """
            desert you
            never gonna run around and desert you
            don't desert me
        """,
    },
    "minute": {
        "IH": """
            wait a minute
            any minute now
        """,
        "AY0": """
            minute details
        """,
    },
    "object": {
        "AA1": """
            the object of my love
            an object
        """,
        "AH0": """
            I object
            they object
        """,
    },
    "present": {
        "EH1": """
            the present
            living in the present
            a present for you
            to present day
        """,
        "IY0": """
            I present to you
            present me the prize
        """,
    },
    "record": {
        "EH1": """
            a record
            on the record
            play my record
            spin that record
            record player
        """,
        "IH0": """
            record me
            to record a song
        """,
    },
    "refuse": {
        "UW1 Z": """
            I refuse
            refuse to lose
        """,
        "EH1": """
            the refuse pile
        """,
    },
    "rebel": {
        "EH1": """
            a rebel
            rebel rebel
            rebel yell
            rebel with a cause
        """,
        "IH0": """
            we rebel
        """,
    },
    "content": {
        "EH1": """
            I'm content
            content with you
        """,
        "AA1": """
            the content of
            content creator
        """,
    },
    "does": {
        "AH": """
            she does
        """,
        "OW": """
            two does
        """,
    },
    "sow": {
        "OW": """
            you reap what you sow
            sow the seeds
        """,
        "AW": """
            an old sow
        """,
    },
    "excuse": {
        "Z": """
            excuse me
            excuse the mess
            to excuse him
        """,
        "S": """
            no excuse
            my excuse
        """,
    },
    "house": {
        "S": """
            my house
            house music
        """,
        "Z": """
            to house us
            can house them all
        """,
    },
    "invalid": {
        "IH1 N V AH0": """
            an invalid in bed
        """,
        "AE1": """
            an invalid card
        """,
    },
    "row": {
        "OW": """
            in a row
            row your boat
            skid row
        """,
        "AW": """
            we had a row
        """,
    },
    "sewer": {
        "UW1": """
            down in the sewer
        """,
        "OW1": """
            a sewer of dresses
        """,
    },
    "polish": {
        "AA1": """
            polish my shoes
        """,
        "OW1": """
            a Polish girl
            Polish girl
        """,
    },
    "august": {
        "AA1": """
            August night
        """,
        "AO0": """
            the august presence
        """,
    },
    "job": {
        "AA1": """
            my job
        """,
        "OW1": """
            the book of Job
        """,
    },
    "number": {
        "B": """
            lucky number
        """,
        "AH1 M ER0": """
            getting number every day
        """,
    },
    "separate": {
        "IH0": """
            separate ways
        """,
        "EY2": """
            to separate us
        """,
    },
}
CASES = [
    pytest.param(word, sound, line.strip(), id=line.strip())
    for word, sounds in SOUNDS.items()
    for sound, lines in sounds.items()
    for line in lines.strip().splitlines()
]


@pytest.mark.parametrize(("word", "sound", "line"), CASES)
def test_the_words_around_it_choose_the_sound_of_a_word(word: str, sound: str, line: str) -> None:
    found = next(each for each in pronounce(line) if bare(each.text) == word)
    said = " ".join(
        " ".join((*part.onset, f"{part.nucleus}{part.stress}", *part.coda)) for part in found.syllables
    )
    assert sound in said


def test_each_word_of_the_list_is_tried_in_both_sounds() -> None:
    assert all(len(sounds) > 1 for word, sounds in SOUNDS.items())
    assert set(SOUNDS) <= HOMOGRAPHS
    assert len(SOUNDS) >= 30


def test_a_word_with_two_sounds_alone_has_its_usual_one() -> None:
    for word, sound in (("live", "IH"), ("lead", "IY"), ("tear", "IH"), ("wind", "IH"), ("read", "IY")):
        assert pronounce(word)[0].syllables[0].nucleus == sound


def test_a_stop_ends_what_a_word_depends_on() -> None:
    line = Line(tuple("So close, the door (open) wide".split()))
    assert line.after(1) == ""
    assert line.before(2) == ""
    assert line.after(2) == "door"
    assert line.before(5, 2) == "door"
    assert line.before(0) == line.after(5) == ""
