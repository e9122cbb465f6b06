"""Plans of songs of 180 s with three choruses, to count with: as a chat model writes them, and with the words
of songs that people sing."""

from __future__ import annotations

import json
import re

HEAD = {
    "title": "Neon Rain",
    "genre": "synthwave",
    "mood": "dreamy",
    "tags": ["synthwave", "analog synths", "gated drums", "80s production", "female vocal"],
    "categories": ["Synthwave", "Electronic", "Retro"],
    "energy": 6,
    "tempo_bpm": 104,
    "key": "A minor",
    "metre": "4/4",
    "language": "en",
    "cover_prompt": "A woman under a glass umbrella walks through a rainy city street at night, "
    "neon signs in pink and blue mirrored in the puddles",
    "voice": "female",
}
SHORT = """[verse]
The streetlights hum a midnight tune
The taxis glide beneath the moon
I see your face in every pane
A blur of blue in neon rain

[pre-chorus]
And every drop remembers you
And every street still leads me to

[chorus]
Neon rain, wash over me
Paint the night in memory
Neon rain, don't let me go
I'm lost inside your afterglow

[verse]
The diner glows at half past three
The jukebox plays our melody
I trace your name upon the glass
And watch the silver hours pass

[pre-chorus]
And every drop remembers you
And every street still leads me to

[chorus]
Neon rain, wash over me
Paint the night in memory
Neon rain, don't let me go
I'm lost inside your afterglow

[bridge]
If the morning steals the light
I'll keep you burning in the night
If the colours fade away
I'll be dancing in the grey

[chorus]
Neon rain, wash over me
Paint the night in memory
Neon rain, don't let me go
I'm lost inside your afterglow

[outro]
Neon rain, neon rain
Call me back to you again
"""
"""Of about 500 tokens as JSON."""
FULL = """[intro]
Neon rain, neon rain
Falling down, falling down

[verse]
In the heart of the city, where the neon lights glow
I'm walking through the rain with nowhere to go
The streets are alive with a thousand dreams
But nothing in this town is ever what it seems
The colors are bleeding on the pavement below
A symphony of shadows, putting on a show
I close my eyes and I can hear your name
Whispered in the rhythm of the neon rain

[pre-chorus]
Can you feel it in the air tonight
Can you feel the rhythm of the light
We're running through the streets of gold
A story that's waiting to be told

[chorus]
Neon rain, falling down on me
Neon rain, set my spirit free
In the city lights, we'll dance all night
Under the glow of the neon light
Neon rain, falling down on me
Neon rain, set my spirit free
Hold me close until the morning light
Neon rain, don't let me go tonight

[verse]
In the mirror of the puddles, I can see your face
A memory of summer that I can't erase
The taxis and the towers, they all fade away
When I hear the echo of the words you'd say
The skyline is burning like a silver flame
And every drop that's falling seems to know your name
I reach out my hand and I feel you near
In the neon rain, you're always here

[pre-chorus]
Can you feel it in the air tonight
Can you feel the rhythm of the light
We're running through the streets of gold
A story that's waiting to be told

[chorus]
Neon rain, falling down on me
Neon rain, set my spirit free
In the city lights, we'll dance all night
Under the glow of the neon light
Neon rain, falling down on me
Neon rain, set my spirit free
Hold me close until the morning light
Neon rain, don't let me go tonight

[bridge]
And when the storm is over, and the night is through
I'll still be standing here, waiting for you
In the silence of the morning, in the pale blue light
I'll remember how we danced in the neon night

[chorus]
Neon rain, falling down on me
Neon rain, set my spirit free
In the city lights, we'll dance all night
Under the glow of the neon light
Neon rain, falling down on me
Neon rain, set my spirit free
Hold me close until the morning light
Neon rain, don't let me go tonight

[outro]
Neon rain, neon rain
Falling down, falling down
Neon rain, neon rain
Set my spirit free
"""
"""Of about 900 tokens as JSON, as a chat model writes at its longest."""
HOME = """[verse]
Oh, give me a home where the buffalo roam
Where the deer and the antelope play
Where seldom is heard a discouraging word
And the skies are not cloudy all day

[chorus]
Home, home on the range
Where the deer and the antelope play
Where seldom is heard a discouraging word
And the skies are not cloudy all day

[verse]
How often at night when the heavens are bright
With the light from the glittering stars
Have I stood there amazed and asked as I gazed
If their glory exceeds that of ours

[chorus]
Home, home on the range
Where the deer and the antelope play
Where seldom is heard a discouraging word
And the skies are not cloudy all day

[verse]
Oh, give me a land where the bright diamond sand
Flows leisurely down the stream
Where the graceful white swan goes gliding along
Like a maid in a heavenly dream

[chorus]
Home, home on the range
Where the deer and the antelope play
Where seldom is heard a discouraging word
And the skies are not cloudy all day
"""
"""Home on the Range (Brewster Higley, 1872)."""
ROVER = """[verse]
I've been a wild rover for many's the year
I've spent all my money on whiskey and beer
But now I'm returning with gold in great store
And I never will play the wild rover no more

[chorus]
And it's no, nay, never
No, nay, never, no more
Will I play the wild rover
No, never, no more

[verse]
I went to an alehouse I used to frequent
And I told the landlady my money was spent
I asked her for credit, she answered me nay
Such a custom as yours I could have any day

[chorus]
And it's no, nay, never
No, nay, never, no more
Will I play the wild rover
No, never, no more

[verse]
I'll go home to my parents, confess what I've done
And I'll ask them to pardon their prodigal son
And when they've caressed me as oft times before
I never will play the wild rover no more

[chorus]
And it's no, nay, never
No, nay, never, no more
Will I play the wild rover
No, never, no more
"""
"""The Wild Rover, traditional."""
HYMN = """[verse]
Mine eyes have seen the glory of the coming of the Lord
He is trampling out the vintage where the grapes of wrath are stored
He hath loosed the fateful lightning of His terrible swift sword
His truth is marching on

[chorus]
Glory, glory, hallelujah
Glory, glory, hallelujah
Glory, glory, hallelujah
His truth is marching on

[verse]
I have seen Him in the watch-fires of a hundred circling camps
They have builded Him an altar in the evening dews and damps
I can read His righteous sentence by the dim and flaring lamps
His day is marching on

[chorus]
Glory, glory, hallelujah
Glory, glory, hallelujah
Glory, glory, hallelujah
His truth is marching on

[verse]
He has sounded forth the trumpet that shall never call retreat
He is sifting out the hearts of men before His judgment seat
Oh, be swift, my soul, to answer Him, be jubilant, my feet
Our God is marching on

[chorus]
Glory, glory, hallelujah
Glory, glory, hallelujah
Glory, glory, hallelujah
His truth is marching on
"""
"""The Battle Hymn of the Republic (Julia Ward Howe, 1861)."""


def as_json(lyrics: str) -> str:
    """The plan as commit de9e6af had it written, every token of it in a step of its own."""
    sections = [{"section": kind, "lines": lines} for kind, lines in _sections(lyrics)]
    return json.dumps(HEAD | {"lyrics": sections}, ensure_ascii=False)


def as_lines(lyrics: str) -> str:
    """The plan as it is written now."""
    names = {"cover": "cover_prompt", "tempo": "tempo_bpm"}
    order = "title genre mood tags voice cover categories energy tempo key metre language".split()
    head = []
    for name in order:
        value = HEAD[names.get(name, name)]
        head.append(f"{name}: {', '.join(value) if isinstance(value, list) else value}\n")
    blocks: list[str] = []
    written: list[str] = []
    for kind, lines in _sections(lyrics):
        whole = "\n".join([f"# {kind}", *lines, "", ""])
        blocks.append(f"# {kind}\n\n" if whole in written and "chorus" in kind else whole)
        written.append(whole)
    return "".join([*head, "\n", *blocks, "# end"])


def _sections(lyrics: str) -> list[tuple[str, list[str]]]:
    found = re.findall(r"\[([a-z-]+)\]\n((?:[^\[\n].*\n)+)", lyrics)
    return [(kind, lines.splitlines()) for kind, lines in found]
