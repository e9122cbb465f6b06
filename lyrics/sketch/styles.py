"""Facts about each genre and mood: usual tempo, energy, mode and instruments, and the words for the genre or
mood."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GenreFacts:
    """``tempo`` is a range in BPM, ``energy`` is in 0..10, ``minor`` is the probability of a minor key,
    ``family`` is the wider category in a library."""

    tempo: tuple[int, int]
    energy: int
    minor: float
    family: str
    sound: tuple[str, ...]
    names: tuple[str, ...]


def _g(low: int, high: int, energy: int, minor: float, family: str, sound: str, names: str) -> GenreFacts:
    return GenreFacts((low, high), energy, minor, family, _words(sound), _words(names))


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


GENRE_FACTS: dict[str, GenreFacts] = {
    "pop": _g(96, 124, 6, 0.35, "Pop", "bright synths, acoustic guitar", "pop, synthpop, synth-pop, k-pop, kpop, j-pop, "
              "dance pop, electropop, pop ballad, power ballad, ballad, chart, hyperpop"),
    "rock": _g(112, 142, 7, 0.4, "Rock", "electric guitars, driving drums", "rock, hard rock, classic rock, rock and roll, "
               "rock'n'roll, prog rock, progressive rock, prog, grunge, stadium rock, arena rock, garage rock, soft rock"),
    "indie": _g(104, 132, 6, 0.35, "Indie", "chiming guitars, warm bass", "indie, indie rock, indie pop, alternative, "
                "alt rock, shoegaze, dream pop, post-rock, britpop, emo"),
    "metal": _g(132, 172, 9, 0.95, "Rock", "distorted guitars, double kick", "metal, heavy metal, death metal, metalcore, "
                "thrash, doom metal, power metal, djent"),
    "punk": _g(160, 190, 9, 0.35, "Rock", "fast guitars, shouted chorus", "punk, punk rock, pop punk, hardcore, ska punk"),
    "folk": _g(84, 112, 4, 0.35, "Folk", "acoustic guitar, fiddle", "folk, acoustic, singer-songwriter, celtic, irish, "
               "sea shanty, shanty, lullaby, americana, campfire, troubadour, polka, klezmer"),
    "country": _g(96, 124, 5, 0.15, "Country", "acoustic guitar, banjo, fiddle", "country, country and western, bluegrass, "
                  "nashville, honky tonk, western, cowboy"),
    "blues": _g(72, 104, 5, 0.5, "Blues", "electric guitar, harmonica", "blues, bluesy, delta blues, chicago blues"),
    "jazz": _g(104, 156, 4, 0.35, "Jazz", "piano, upright bass, saxophone", "jazz, jazzy, swing, big band, bebop, "
               "smooth jazz, lounge, ragtime, dixieland, crooner"),
    "soul": _g(76, 104, 5, 0.3, "Soul", "electric piano, horns, organ", "soul, soulful, neo-soul, neo soul, motown, northern soul"),
    "r&b": _g(68, 96, 5, 0.5, "R&B", "electric piano, deep bass", "r&b, rnb, r and b, rhythm and blues, contemporary r&b, slow jam"),
    "funk": _g(98, 116, 7, 0.5, "Funk", "slap bass, clavinet, horns", "funk, funky, p-funk, boogie"),
    "disco": _g(112, 124, 8, 0.4, "Dance", "four on the floor, strings", "disco, nu-disco, nu disco, studio 54"),
    "house": _g(120, 128, 8, 0.5, "Electronic", "piano stabs, four on the floor", "house, deep house, edm, electronic, dance, "
                "dance music, electronic dance, electro house, uk garage, tropical house, club"),
    "techno": _g(126, 138, 8, 0.85, "Electronic", "pulsing synths, drum machine", "techno, minimal techno, acid, rave, "
                 "industrial, electro, hard techno"),
    "trance": _g(132, 142, 8, 0.7, "Electronic", "supersaws, rolling arpeggios", "trance, psytrance, uplifting trance, goa, hands up"),
    "drum and bass": _g(170, 178, 9, 0.8, "Electronic", "breakbeats, reese bass", "drum and bass, drum & bass, drum'n'bass, "
                        "drum n bass, dnb, d&b, d'n'b, jungle, breakbeat, liquid dnb, dubstep, breakcore"),
    "synthwave": _g(84, 116, 6, 0.7, "Electronic", "analogue synths, gated drums", "synthwave, synth wave, retrowave, outrun, "
                    "80s, eighties, 1980s, vaporwave, new wave, darkwave, 80's"),
    "ambient": _g(60, 80, 2, 0.4, "Ambient", "soft pads, slow bells", "ambient, drone, new age, meditation, soundscape, "
                  "atmospheric, sleep music, spa"),
    "lo-fi": _g(72, 88, 3, 0.5, "Lo-Fi", "dusty drums, mellow keys", "lo-fi, lofi, lo fi, chillhop, chill hop, study beats, "
               "chill beats, chillout, chill-out, downtempo, trip hop, trip-hop"),
    "hip hop": _g(84, 98, 6, 0.75, "Hip Hop", "boom bap drums, deep bass", "hip hop, hip-hop, hiphop, rap, boom bap, boom-bap, "
                  "old school rap, rapper, freestyle, grime"),
    "trap": _g(132, 148, 7, 0.95, "Hip Hop", "808 bass, rolling hats", "trap, drill, phonk, cloud rap, trap beat, mumble rap"),
    "reggae": _g(68, 84, 5, 0.3, "Reggae", "skanking guitar, deep bass", "reggae, ska, dub, dancehall, rocksteady, roots reggae, rasta"),
    "latin": _g(92, 112, 7, 0.55, "Latin", "montuno piano, congas, trumpet", "latin, salsa, reggaeton, cumbia, bachata, merengue, "
                "mambo, tango, flamenco, mariachi, afrobeat, afrobeats, rumba"),
    "bossa nova": _g(116, 136, 3, 0.45, "Latin", "nylon guitar, brushes", "bossa nova, bossa, samba, brazilian, mpb"),
    "gospel": _g(76, 108, 6, 0.15, "Gospel", "organ, choir, handclaps", "gospel, spiritual, hymn, worship, church, christian"),
    "cinematic": _g(84, 108, 6, 0.8, "Cinematic", "strings, brass, big drums", "cinematic, orchestral, soundtrack, film score, "
                    "movie score, trailer, epic orchestra, symphonic, score, video game music"),
    "classical": _g(84, 116, 3, 0.45, "Classical", "piano, strings", "classical, baroque, piano piece, chamber, string quartet, "
                    "sonata, waltz, romantic era, opera, minuet, nocturne"),
}  # fmt: skip


@dataclass(frozen=True)
class MoodFacts:
    """The effect of a mood: ``energy`` is added, and ``minor`` is added to the probability of a minor key."""

    energy: int
    minor: float
    tempo: float
    scene: str
    names: tuple[str, ...]


def _m(energy: int, minor: float, tempo: float, scene: str, names: str) -> MoodFacts:
    return MoodFacts(energy, minor, tempo, scene, _words(names))


MOOD_FACTS: dict[str, MoodFacts] = {
    "joyful": _m(2, -0.5, 0.3, "in bright, happy colours", "joyful, happy, cheerful, cheery, fun, sunny, bright, feel-good, "
                 "feelgood, merry, gleeful, delighted"),
    "uplifting": _m(1, -0.4, 0.2, "with light breaking through", "uplifting, inspiring, inspirational, positive, motivational, "
                    "empowering, triumphant, anthemic, upbeat"),
    "energetic": _m(3, 0.0, 0.4, "full of motion", "energetic, high-energy, high energy, banger, pumping, driving, intense, "
                    "powerful, exciting, hype, explosive, wild, party"),
    "playful": _m(1, -0.4, 0.2, "with a wink", "playful, quirky, silly, funny, goofy, whimsical, cute, humorous, bouncy, comic"),
    "romantic": _m(-1, -0.1, -0.2, "in warm candlelight", "romantic, love song, tender, sensual, sexy, intimate, passionate, sweet"),
    "hopeful": _m(0, -0.3, 0.0, "at the first light of morning", "hopeful, optimistic, encouraging, healing, warm, heartwarming"),
    "dreamy": _m(-2, 0.0, -0.2, "in soft, floating haze", "dreamy, ethereal, floating, hazy, surreal, psychedelic, trippy, airy"),
    "calm": _m(-3, -0.1, -0.4, "in still, quiet light", "calm, relaxing, relaxed, peaceful, soft, gentle, mellow, soothing, "
               "serene, quiet, chill, sleepy, tranquil, laid-back, laid back"),
    "nostalgic": _m(-1, -0.1, -0.1, "in faded, golden tones", "nostalgic, wistful, bittersweet, retro, vintage, sentimental, "
                    "reminiscing, throwback"),
    "melancholic": _m(-3, 0.5, -0.4, "in blue dusk", "melancholic, melancholy, sad, sorrowful, heartbroken, heartbreaking, lonely, "
                      "gloomy, depressing, mournful, tearful, moody, emotional"),
    "mysterious": _m(-1, 0.5, -0.2, "half hidden in mist", "mysterious, eerie, haunting, spooky, enigmatic, magical, mystical, creepy"),
    "dark": _m(1, 0.6, -0.1, "in deep shadow", "dark, sinister, brooding, menacing, gothic, grim, ominous, evil, gritty"),
    "angry": _m(3, 0.6, 0.4, "in red and black", "angry, aggressive, furious, rage, raging, rebellious, brutal, violent, defiant"),
    "epic": _m(3, 0.4, 0.0, "on a vast scale", "epic, heroic, majestic, grand, dramatic, huge, monumental, glorious"),
}  # fmt: skip

DEFAULT_MOODS: dict[str, tuple[str, ...]] = {
    "pop": ("uplifting", "joyful", "romantic"), "rock": ("energetic", "uplifting"), "indie": ("nostalgic",
        "hopeful"),
    "metal": ("angry", "epic", "dark"), "punk": ("energetic", "angry"), "folk": ("nostalgic", "hopeful",
        "calm"),
    "country": ("nostalgic", "joyful"), "blues": ("melancholic", "nostalgic"), "jazz": ("romantic",
        "playful", "calm"),
    "soul": ("romantic", "hopeful"), "r&b": ("romantic", "dreamy"), "funk": ("playful", "joyful"),
    "disco": ("joyful", "energetic"), "house": ("uplifting", "energetic"), "techno": ("dark", "energetic"),
    "trance": ("uplifting", "dreamy"), "drum and bass": ("energetic", "dark"), "synthwave": ("nostalgic",
        "dreamy"),
    "ambient": ("calm", "dreamy"), "lo-fi": ("calm", "nostalgic"), "hip hop": ("energetic", "nostalgic"),
    "trap": ("dark", "energetic"), "reggae": ("hopeful", "joyful"), "latin": ("joyful", "energetic"),
    "bossa nova": ("calm", "romantic"), "gospel": ("uplifting", "hopeful"), "cinematic": ("epic",
        "mysterious"),
    "classical": ("calm", "romantic"),
}  # fmt: skip
