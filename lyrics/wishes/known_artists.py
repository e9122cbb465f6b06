"""Artists whom people name without a word such as "like", or in small letters. Names that are words of their
own ("queen", "prince") are not among them: those count after "in the style of"."""

from __future__ import annotations

ARTISTS = frozenset(
    name.strip()
    for name in """
    abba|ac/dc|adele|aerosmith|amy winehouse|aphex twin|arctic monkeys|ariana grande|avicii|backstreet boys|bad bunny|beyoncé
    beyonce|billie eilish|black sabbath|blink-182|bob dylan|bob marley|bon jovi|britney spears|bruce springsteen|bruno mars|bts
    calvin harris|celine dion|céline dion|charli xcx|coldplay|daft punk|dave brubeck|david bowie|david guetta|deadmau5|depeche mode
    dua lipa|duran duran|ed sheeran|ella fitzgerald|elton john|elvis presley|eminem|enya|fleetwood mac|foo fighters|frank ocean
    frank sinatra|freddie mercury|green day|hans zimmer|harry styles|imagine dragons|iron maiden|james brown|jay-z|jimi hendrix
    john lennon|john williams|johnny cash|joni mitchell|justin bieber|justin timberlake|kanye west|katy perry|kendrick lamar
    kurt cobain|lady gaga|lana del rey|led zeppelin|leonard cohen|linkin park|lizzo|louis armstrong|ludovico einaudi|mac miller
    madonna|mariah carey|marvin gaye|megadeth|metallica|michael jackson|miles davis|miley cyrus|morgan wallen|nicki minaj|nirvana
    nina simone|norah jones|olivia rodrigo|one direction|ozzy osbourne|paul mccartney|pearl jam|pharrell|phil collins|pink floyd
    playboi carti|post malone|radiohead|rammstein|red hot chili peppers|rihanna|rolling stones|sabrina carpenter|sam smith|shakira
    skrillex|slipknot|snoop dogg|sia|stevie wonder|system of a down|tame impala|taylor swift|the beatles|beatles|the weeknd|the rolling stones
    tiësto|tiesto|tom waits|travis scott|tupac|2pac|twenty one pilots|van halen|whitney houston|willie nelson|wu-tang clan|xxxtentacion
    earth, wind & fire|simon & garfunkel|simon and garfunkel|guns n' roses|hatsune miku
    """.strip().replace("\n", "|").split("|")
    if name.strip()
)  # fmt: skip
