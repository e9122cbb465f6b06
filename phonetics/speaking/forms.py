"""What stands for other words: abbreviations, units, signs, and the short forms of chat."""

from __future__ import annotations

# With or without their full stop.
ABBREVIATIONS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "jr": "junior", "sr": "senior", "vs": "versus",
    "etc": "et cetera", "blvd": "boulevard", "hwy": "highway", "approx": "approximately",
}  # fmt: skip
# With a full stop only: without it they are words.
STOPPED = {"feat": "featuring", "ave": "avenue", "rd": "road", "inc": "incorporated", "corp": "corporation"}
# With a capital, before a name or a number with a capital.
TITLES = {
    "prof": "professor", "sgt": "sergeant", "lt": "lieutenant", "capt": "captain", "gov": "governor",
    "gen": "general", "rev": "reverend", "sen": "senator", "rep": "representative", "mt": "mount",
}  # fmt: skip
# Before a number, with a full stop.
BEFORE_NUMBERS = {
    "no": "number", "nr": "number", "nos": "numbers", "vol": "volume", "pt": "part", "ch": "chapter",
    "jan": "january", "feb": "february", "mar": "march", "apr": "april", "aug": "august",
    "sept": "september", "sep": "september", "oct": "october", "nov": "november", "dec": "december",
}  # fmt: skip
FORTS = frozenset("bragg collins knox lauderdale hood myers wayne worth".split())

# Joined to a number, or after it where they are no words: one, more than one.
UNITS = {
    "mph": ("mile per hour", "miles per hour"),
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"),
    "kph": ("kilometer per hour", "kilometers per hour"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "mi": ("mile", "miles"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "kg": ("kilo", "kilos"),
    "mg": ("milligram", "milligrams"),
    "lb": ("pound", "pounds"),
    "lbs": ("pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "milliliters"),
    "hz": ("hertz", "hertz"),
    "khz": ("kilohertz", "kilohertz"),
    "mhz": ("megahertz", "megahertz"),
    "ghz": ("gigahertz", "gigahertz"),
    "kb": ("kilobyte", "kilobytes"),
    "mb": ("megabyte", "megabytes"),
    "gb": ("gigabyte", "gigabytes"),
    "tb": ("terabyte", "terabytes"),
    "db": ("decibel", "decibels"),
    "kw": ("kilowatt", "kilowatts"),
    "hr": ("hour", "hours"),
    "hrs": ("hour", "hours"),
    "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"),
    "sec": ("second", "seconds"),
    "secs": ("second", "seconds"),
    "yr": ("year", "years"),
    "yrs": ("year", "years"),
    "ms": ("millisecond", "milliseconds"),
    "°": ("degree", "degrees"),
    "°c": ("degree celsius", "degrees celsius"),
    "°f": ("degree fahrenheit", "degrees fahrenheit"),
    "%": ("percent", "percent"),
    "‰": ("per mille", "per mille"),
    "€": ("euro", "euros"),
    "£": ("pound", "pounds"),
    "$": ("dollar", "dollars"),
    "¥": ("yen", "yen"),
    "₹": ("rupee", "rupees"),
    "₽": ("ruble", "rubles"),
    "₩": ("won", "won"),
    "₿": ("bitcoin", "bitcoins"),
    "¢": ("cent", "cents"),
}
# Joined to a number only: alone they are letters or words.
JOINED = {
    "m": ("meter", "meters"),
    "in": ("inch", "inches"),
    "yo": ("year old", "year old"),
    "h": ("hour", "hours"),
    "l": ("liter", "liters"),
    "bn": ("billion", "billion"),
    "mn": ("million", "million"),
    "M": ("million", "million"),
    "B": ("billion", "billion"),
    "x": ("time", "times"),
    "am": ("A M", "A M"),
    "pm": ("P M", "P M"),
}
CENTS = {"$": ("cent", "cents"), "€": ("cent", "cents"), "£": ("penny", "pence")}
SCALES = {"k": "thousand", "m": "million", "mm": "million", "mn": "million", "b": "billion", "bn": "billion"}
SCALE_WORDS = frozenset("hundred thousand million billion trillion grand k".split())
# "$100 bill": one hundred dollar bill.
COUNTED_BY_VALUE = frozenset("bill bills note notes question watch car suit ride smile menu ticket".split())

SIGNS = {"&": "and", "＆": "and", "@": "at", "+": "plus", "=": "equals", "÷": "divided by", "≠": "is not"}
# Between the parts of one token.
JOINTS = {"&": "and", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "@": "at"}
FACES = frozenset(
    ":D :P :p :O :o :3 ;D ;P ;p =D =P :'D xD XD X-D :-D :-P :-p :-O :-o ^o^ o_o O_O T_T".split()
)

# Whole tokens, in any case.
SHORT = {
    "u": "you", "ur": "your", "urs": "yours", "ure": "you're", "r": "are", "k": "okay", "n": "and",
    "w/": "with", "w/o": "without", "w/out": "without", "b/c": "because", "c/o": "care of", "bc": "because",
    "cuz": "'cause", "luv": "love", "luvs": "loves", "thx": "thanks", "pls": "please",
    "plz": "please", "ppl": "people", "btw": "by the way", "idk": "I don't know", "ily": "I love you",
    "im": "i'm", "ive": "i've", "dont": "don't", "didnt": "didn't", "doesnt": "doesn't", "isnt": "isn't",
    "wasnt": "wasn't", "youre": "you're", "theyre": "they're", "thats": "that's", "wouldnt": "wouldn't",
    "couldnt": "couldn't", "havent": "haven't", "aint": "ain't", "yall": "y'all", "rn": "right now",
    "nvm": "never mind", "bday": "birthday", "xmas": "christmas", "gurl": "girl", "gurls": "girls",
    "2nite": "tonight", "2night": "tonight", "2day": "today", "2moro": "tomorrow",
    "2morrow": "tomorrow", "2gether": "together", "4ever": "forever", "4eva": "forever", "4get": "forget",
    "4give": "forgive", "b4": "before", "gr8": "great", "m8": "mate", "l8": "late", "l8r": "later",
    "w8": "wait", "h8": "hate", "h8r": "hater", "h8ers": "haters", "h8rs": "haters", "str8": "straight",
    "sk8": "skate", "sk8r": "skater", "sk8er": "skater", "l33t": "leet", "no1": "no one", "sum1": "someone",
    "some1": "someone", "any1": "anyone", "every1": "everyone", "e1": "everyone", "ne1": "anyone",
    "2nite's": "tonight's", "me2": "me too", "u2": "you too", "b2b": "B two B", "<3": "heart",
    "a-ha": "aha", "mm": "um", "mmm": "um",
    "wwi": "world war one", "wwii": "world war two", "ww1": "world war one", "ww2": "world war two",
    "wwiii": "world war three", "ww3": "world war three", "9/11": "nine eleven", "7/11": "seven eleven",
    "7-11": "seven eleven", "24/7": "twenty four seven", "24-7": "twenty four seven",
    "50/50": "fifty fifty", "50-50": "fifty fifty", "4/20": "four twenty", "20/20": "twenty twenty",
    "24/7/365": "twenty four seven three sixty five", "ph.d": "P H D", "2b": "two B", "www": "W W W",
}  # fmt: skip
"""The spoken words are in lower case; a capital alone is a letter's name."""
