"""The names of languages, in English and as people write them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "en": ("English",),
    "es": ("Spanish", "Castilian"),
    "pt": ("Portuguese", "Brazilian Portuguese", "Brazilian"),
    "fr": ("French",),
    "de": ("German",),
    "it": ("Italian",),
    "nl": ("Dutch", "Flemish"),
    "sv": ("Swedish",),
    "no": ("Norwegian", "Nynorsk"),
    "da": ("Danish",),
    "fi": ("Finnish",),
    "is": ("Icelandic",),
    "pl": ("Polish",),
    "cs": ("Czech",),
    "sk": ("Slovak",),
    "hu": ("Hungarian",),
    "ro": ("Romanian",),
    "hr": ("Croatian",),
    "bs": ("Bosnian",),
    "sl": ("Slovenian", "Slovene"),
    "sr": ("Serbian",),
    "bg": ("Bulgarian",),
    "mk": ("Macedonian",),
    "ru": ("Russian",),
    "uk": ("Ukrainian",),
    "be": ("Belarusian",),
    "el": ("Greek",),
    "sq": ("Albanian",),
    "tr": ("Turkish",),
    "az": ("Azerbaijani", "Azeri"),
    "kk": ("Kazakh",),
    "mn": ("Mongolian",),
    "ka": ("Georgian",),
    "hy": ("Armenian",),
    "he": ("Hebrew",),
    "yi": ("Yiddish",),
    "ar": ("Arabic",),
    "fa": ("Persian", "Farsi"),
    "ur": ("Urdu",),
    "ku": ("Kurdish",),
    "ps": ("Pashto",),
    "hi": ("Hindi",),
    "mr": ("Marathi",),
    "ne": ("Nepali",),
    "sa": ("Sanskrit",),
    "bn": ("Bengali", "Bangla"),
    "pa": ("Punjabi", "Panjabi"),
    "gu": ("Gujarati",),
    "ta": ("Tamil",),
    "te": ("Telugu",),
    "kn": ("Kannada",),
    "ml": ("Malayalam",),
    "si": ("Sinhala", "Sinhalese"),
    "th": ("Thai",),
    "lo": ("Lao",),
    "km": ("Khmer",),
    "my": ("Burmese",),
    "vi": ("Vietnamese",),
    "id": ("Indonesian",),
    "ms": ("Malay",),
    "tl": ("Tagalog", "Filipino"),
    "zh": ("Chinese", "Mandarin", "Cantonese", "Mandarin Chinese"),
    "ja": ("Japanese",),
    "ko": ("Korean",),
    "sw": ("Swahili", "Kiswahili"),
    "am": ("Amharic",),
    "zu": ("Zulu",),
    "xh": ("Xhosa",),
    "yo": ("Yoruba",),
    "ig": ("Igbo",),
    "ha": ("Hausa",),
    "af": ("Afrikaans",),
    "ca": ("Catalan",),
    "gl": ("Galician",),
    "eu": ("Basque",),
    "cy": ("Welsh",),
    "ga": ("Irish", "Irish Gaelic", "Gaelic"),
    "et": ("Estonian",),
    "lv": ("Latvian",),
    "lt": ("Lithuanian",),
    "mt": ("Maltese",),
    "la": ("Latin",),
    "eo": ("Esperanto",),
    "ht": ("Haitian Creole",),
}
"""By ISO 639-1 code, the names in English; the first is the one that we use."""


def _pairs(text: str) -> Mapping[str, str]:
    return {left: right for left, _, right in (pair.partition(":") for pair in text.split())}


THREE_LETTERS = _pairs(
    """
    en:eng es:spa pt:por fr:fra de:deu it:ita nl:nld sv:swe no:nor da:dan fi:fin is:isl pl:pol cs:ces
    sk:slk hu:hun ro:ron hr:hrv bs:bos sl:slv sr:srp bg:bul mk:mkd ru:rus uk:ukr be:bel el:ell sq:sqi
    tr:tur az:aze kk:kaz mn:mon ka:kat hy:hye he:heb yi:yid ar:ara fa:fas ur:urd ku:kur ps:pus hi:hin
    mr:mar ne:nep sa:san bn:ben pa:pan gu:guj or:ori ta:tam te:tel kn:kan ml:mal si:sin th:tha lo:lao
    km:khm my:mya bo:bod vi:vie id:ind ms:msa tl:tgl zh:zho ja:jpn ko:kor sw:swa am:amh zu:zul xh:xho
    yo:yor ig:ibo ha:hau af:afr ca:cat gl:glg eu:eus cy:cym ga:gle et:est lv:lav lt:lit mt:mlt la:lat
    eo:epo ht:hat
    """
)
"""By ISO 639-1 code, that of ISO 639-2/T."""

FORMER_LETTERS = _pairs(
    """
    fre:fr ger:de dut:nl ice:is cze:cs slo:sk rum:ro mac:mk gre:el alb:sq geo:ka arm:hy per:fa bur:my
    tib:bo may:ms chi:zh baq:eu wel:cy iw:he in:id ji:yi nb:no nn:no nob:no nno:no fil:tl cmn:zh
    """
)
"""Other codes that stand for one of these: of ISO 639-2/B, outdated ones, and parts of a language."""

STYLES = frozenset("la ga cy am".split())
"""Languages whose name is more often a people or a style: "a Latin song" asks for no language."""

ABROAD: Mapping[str, str] = {
    "en": "englisch|anglais|inglés|ingles|inglese|inglês|engels|engelska|engelsk|englanti|angielsku"
    "|anglicky|angolul|ingilizce|английском|английски|англійською|英語|英文|영어|bahasa inggris"
    "|tiếng anh|الإنجليزية",
    "es": "español|espanol|castellano|spanisch|espagnol|spagnolo|espanhol|spaans|spanska|spansk"
    "|hiszpańsku|španělsky|испанском|іспанською|スペイン語|西班牙语|西班牙語|스페인어",
    "fr": "français|francais|französisch|franzoesisch|francés|frances|francese|francês|frans|franska"
    "|fransk|francusku|французском|французькою|フランス語|法语|法語|프랑스어",
    "de": "deutsch|deutscher sprache|allemand|alemán|aleman|tedesco|alemão|duits|tyska|tysk|niemiecku"
    "|немецком|ドイツ語|德语|德語|독일어",
    "it": "italiano|italienisch|italien|italiaans|italienska|italiensk|włosku|итальянском|イタリア語"
    "|意大利语|이탈리아어",
    "pt": "português|portugues|portugiesisch|portugais|portugués|portoghese|portugees|portugisiska"
    "|portugalsku|português brasileiro|португальском|ポルトガル語|葡萄牙语|포르투갈어",
    "nl": "nederlands|niederländisch|holländisch|néerlandais|neerlandés|olandese|holandés|holandês",
    "sv": "svenska|schwedisch|suédois|sueco|svedese|zweeds",
    "no": "norsk|norwegisch|norvégien|noruego|norvegese|norueguês|noors",
    "da": "dansk|dänisch|danois|danés|danese|dinamarquês|deens",
    "fi": "suomeksi|suomen kielellä|finnisch|finnois|finlandés|finlandese|finlandês|finska|fins",
    "is": "íslensku|isländisch|islandais",
    "pl": "polsku|polnisch|polonais|polaco|polacco|polonês|pools|polska|польском|польською",
    "cs": "česky|češtině|cesky|tschechisch|tchèque|checo|ceco",
    "sk": "slovensky|slovenčine|slowakisch",
    "hu": "magyarul|ungarisch|hongrois|húngaro|ungherese",
    "ro": "română|romana|românește|rumänisch|roumain|rumano|rumeno",
    "hr": "hrvatskom|kroatisch|croate|croata",
    "sl": "slovenščini|slowenisch|slovène",
    "sr": "srpskom|serbisch|serbe|serbio|српском",
    "bg": "български|bulgarisch|bulgare|búlgaro",
    "ru": "русском|русски|russisch|russe|ruso|russo|ryska|rosyjsku|ロシア語|俄语|俄語|러시아어|російською",
    "uk": "українською|українській|украинском|ukrainisch|ukrainien|ucraniano|ucraino",
    "el": "ελληνικά|griechisch|grec|griego|greco",
    "tr": "türkçe|turkce|türkisch|turc|turco",
    "he": "בעברית|עברית|hebräisch|hébreu|hebreo|ebraico",
    "ar": "العربية|بالعربي|arabisch|arabe|árabe|arabo|アラビア語|阿拉伯语",
    "fa": "فارسی|persisch|persan",
    "ur": "اردو",
    "hi": "हिंदी|हिन्दी|印地语|ヒンディー語|힌디어",
    "bn": "বাংলা",
    "ta": "தமிழ்|தமிழில்",
    "te": "తెలుగు",
    "th": "ภาษาไทย|thailändisch|タイ語|泰语",
    "vi": "tiếng việt|vietnamesisch|ベトナム語|越南语",
    "id": "bahasa indonesia|indonesisch",
    "ms": "bahasa melayu",
    "tl": "tagalog",
    "zh": "中文|华语|華語|國語|国语|普通话|普通話|粤语|粵語|汉语|漢語|中国語|중국어|chinesisch"
    "|chinois|chino|cinese|chinês|китайском",
    "ja": "日本語|日语|日語|日文|일본어|japanisch|japonais|japonés|japones|giapponese|japonês|японском",
    "ko": "한국어|한국말|韓国語|韩语|韓語|韩文|koreanisch|coréen|coreano|корейском",
    "ca": "català|catala|catalán|katalanisch",
    "gl": "galego",
    "eu": "euskaraz|euskera|baskisch",
    "la": "latein|latín",
    "eo": "esperanto",
}
"""By code, names in other languages, in the form that follows "in"."""
