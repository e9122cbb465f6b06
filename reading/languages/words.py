"""Small words, by which a short text shows its language: no detector knows four words."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SMALL_WORDS: Mapping[str, frozenset[str]] = {
    "en": _words(
        """
        a about after again all alone always am an and another any are around as at away baby back be been
        before but by came can can't come could dance day days did didn't do does don't done down dream
        dreams every everything fall feel find fire for forever from get girl give go goes going gone gonna
        got had has have he heart hello her here hers high him his hold home how i i'd i'll i'm i've if in
        into is isn't it it's its just keep know last leave let let's life light like little long look lost
        love make man me mine moon more morning much my never new night no not nothing now of off on once
        one only or our out over rain real right road run said say see she should sing sky so some somebody
        someone something song stay still street such sun take tell than that that's the their them then
        there there's these they they're thing things this those through time to tonight too two under until
        up us very walk wanna want was waiting way we we're were what when where which while who why will
        wish with without won't world would yes you you'll you're you've young your blue break bright city
        cold dancing dark dreaming drive driving eyes fly friend good hands happy heaven house king lonely
        looking music please queen rise river sad singing sleep slow somewhere star stars summer sweet talk
        tears think today together tomorrow true walking water well wind winter woman cry people soul smile
        kiss fight free found gold stand alive beautiful crazy party wild hope hurt pain shadow body mind
        touch lips arms boy lights everybody nobody nowhere falling burning breathe
        """
    ),
    "es": _words(
        """
        el la los las un una unos y o de del al en con por para que qué como cómo cuando donde pero porque
        si sí no ya más muy mi mis tu tus te me se su sus yo tú él ella nosotros es soy eres son está estoy
        estás ser hay fue quiero quieres puedo puede sin sobre este esta eso todo toda nada nunca siempre
        vida amor corazón noche noches cielo sol luna mundo canción alma beso besos hoy mañana vez voy vas
        va vamos dime ven así fuego hasta solo baila bailar llorar lluvia señor gracias hola adiós amigo mar
        hacia lo quiere mucho mía mío tengo tiene dónde quién olvidar alegre triste balada
        música
        """
    ),
    "pt": _words(
        """
        o a os as um uma e ou de do da dos das em no na nos nas com por para que quem como quando onde mas
        porque se não sim já mais muito meu minha meus teu tua te me eu tu ele ela você nós é sou são está
        estou ser tem tenho vem vai vou quero sem sobre esse essa isso este esta tudo nada nunca sempre vida
        amor coração noite céu sol lua mundo canção alma beijo hoje amanhã vez assim até fogo só saudade bem
        pra pro ao à lá dia agora triste chuva olá obrigado mãe mar gente alegre música balada
        """
    ),
    "fr": _words(
        """
        le la les un une des du de d et ou où à au aux en dans sur sous avec sans pour par que qui quoi
        quand comme mais parce si ne pas non oui plus très mon ma mes ton ta tes son sa ses je j tu il elle
        on nous vous ils elles me m te t se s est suis es sont c ce cette ces ça être était ai as a avons
        fait faire veux peux tout tous toute rien jamais toujours vie amour cœur coeur nuit ciel soleil lune
        monde chanson âme jour aujourd hui demain aime t'aime bonjour bonsoir adieu merci chéri rose pluie
        mer l qu n y leur notre votre encore aussi là moi toi lui triste danse rêve joyeuse joyeux
        musique douce
        """
    ),
    "it": _words(
        """
        il lo la i gli le un uno una e o di del della dei delle da dal a al alla in nel nella con su sul per
        tra che chi come quando dove ma perché se non sì già più molto mio mia miei tuo tua ti mi si ci vi
        io tu lui lei noi voi è sono sei siamo essere ho hai ha fa fare voglio puoi può senza questo questa
        quello tutto tutta niente mai sempre vita amore cuore notte cielo sole luna mondo canzone anima
        bacio oggi domani volta vado vai va andiamo così fuoco solo amo ciao bella bello grazie mare pioggia
        cantare cantiamo felice dolce anche ancora c'è sulla città negli sulle dolore sogno canta piove
        allegra allegro
        musica
        """
    ),
    "de": _words(
        """
        der die das den dem des ein eine einen einem einer eines und oder aber auch auf aus bei bis durch
        für gegen in im ins mit nach nicht nichts noch nur ohne über um unter von vom vor zu zum zur ich du
        er sie es wir ihr mich dich sich uns euch mir dir ihm ihn mein meine meinen meinem dein deine deinen
        sein seine unser ist bin bist sind war waren haben habe hab hast hat wird werden will kann kannst
        muss wenn wann wo wie was wer warum dass weil doch schon so immer nie heute morgen nacht herz liebe
        leben welt himmel sonne mond lied regen tag hier da dann alles alle mehr kein keine geht gehen komm
        kommt jetzt wieder ja nein lass trauriges traurig allein traum meer fröhlich fröhlicher fröhliches
        song
        musik zum
        """
    ),
    "nl": _words(
        """
        de het een en of maar ook op uit bij door voor in met naar niet niets nog zonder over om onder van
        te ik jij je hij zij ze wij we jullie mij me jou hem haar ons mijn jouw zijn is ben bent was waren
        hebben heb hebt heeft word wordt wil kan moet als wanneer waar hoe wat wie waarom dat dit die omdat
        toch al zo altijd nooit vandaag morgen nacht hart liefde leven wereld hemel zon maan liedje regen
        dag hier daar dan alles alle meer geen gaat gaan kom nu weer ja nee laat alleen droom zee houd hou
        mooi lied droevig vrolijk
        muziek
        """
    ),
    "sv": _words(
        """
        och att det som en ett den är på av för med till inte jag du han hon vi ni de mig dig sig oss min
        mitt mina din ditt dina sin var har hade ska kan vill när där hur vad vem varför men om så från bara
        aldrig alltid idag imorgon natt natten hjärta kärlek livet liv världen himmel sol sång regn dag här
        nu ingen allt mer går kom igen ja nej ensam dröm hav älskar utan över sorglig glad låt
        musik
        """
    ),
    "no": _words(
        """
        og å det som en et den er på av for med til ikke jeg du han hun vi dere de meg deg seg oss min mitt
        mine din ditt dine sin var har hadde skal kan vil når der hvordan hva hvem hvorfor men om så fra
        bare aldri alltid i dag morgen natt natten hjerte kjærlighet livet liv verden himmel sol sang regn
        her nå ingen alt mer går kom igjen ja nei alene drøm hav elsker uten over trist vise
        """
    ),
    "da": _words(
        """
        og at det som en et den er på af for med til ikke jeg du han hun vi i de mig dig sig os min mit mine
        din dit dine sin var har havde skal kan vil når der hvordan hvad hvem hvorfor men om så fra bare
        aldrig altid dag morgen nat natten hjerte kærlighed livet liv verden himmel sol sang regn her nu
        ingen alt mere går kom igen ja nej alene drøm hav elsker uden over trist
        """
    ),
    "fi": _words(
        """
        ja ei on se en oli minä sinä hän me te he minun sinun mun sun hänen mä sä kun niin kuin että jos
        mutta vain vielä aina koskaan nyt tänään huomenna yö yön sydän rakkaus rakastan elämä maailma taivas
        aurinko kuu laulu sade päivä täällä siellä kaikki mitä kuka missä miksi olen olet ole oon oot mua
        sua meidän surullinen iloinen
        """
    ),
    "is": _words(
        """
        ég þú og að er ekki elska þig mig það við í á um hjarta ást nótt mín minn þinn sól líf nú heim til
        með
        """
    ),
    "pl": _words(
        """
        i w na z ze do od po o nie to jest się że jak co kto gdzie kiedy ale bo gdy ja ty on ona my wy oni
        mnie mi cię ci mój moja moje twój twoja twoje jestem jesteś są był była było mam masz ma chcę będę
        będzie tylko już jeszcze zawsze nigdy dzisiaj jutro noc nocy serce miłość życie świat niebo słońce
        księżyc piosenka deszcz dzień tu tam wszystko nic kocham dla bez przez moją twoją tak smutna smutny
        wesoła
        muzyka
        """
    ),
    "cs": _words(
        """
        a v na z ze do od po o ne to je se že jak co kdo kde když ale já ty on ona my vy mě mi tě ti můj
        moje tvůj tvoje jsem jsi jsou byl byla bylo mám máš má chci budu bude jen už ještě vždy nikdy dnes
        zítra noc srdce láska lásku život svět nebe slunce měsíc píseň déšť den tady tam všechno nic miluju
        pro bez přes jako tak písnička smutná
        """
    ),
    "hu": _words(
        """
        a az egy és vagy de hogy nem van volt lesz én te ő mi ti ők engem téged nekem neked ez ha mert mint
        csak már még mindig soha ma holnap éjszaka szív szívem szerelem élet világ ég nap hold dal eső itt
        ott minden semmi szeretlek vagyok meg el ki be le fel szomorú vidám ról
        """
    ),
    "ro": _words(
        """
        și si în pe la cu de din pentru că ca ce cine unde când dar nu da eu tu el ea noi voi mă te se mi
        îmi îți meu mea tău ta este e sunt ești era am ai are vreau pot doar mereu niciodată azi mâine
        noapte inima dragoste iubire viață viața lume lumea cer soare luna cântec ploaie zi aici tot nimic
        iubesc fără o un trist vesel despre
        """
    ),
    "hr": _words(
        """
        i u na s sa od do za po o ne da je se što šta ko tko gdje kad kada ali ja ti on ona mi vi me te moj
        moja moje tvoj tvoja sam si su bio bila bilo imam imaš želim ću ćeš će samo još uvijek nikad danas
        sutra noć noći srce ljubav život svijet nebo sunce mjesec pjesma kiša dan ovdje tamo sve ništa volim
        bez kao
        """
    ),
    "tr": _words(
        """
        bir ve bu o ben sen biz siz onlar beni seni bana sana benim senin için ile de da ki ne kim nerede
        neden ama gibi kadar çok var yok değil mi mı her hiç şimdi bugün yarın gece kalp kalbim aşk aşkım
        hayat dünya gökyüzü güneş ay şarkı yağmur gün burada sevgilim seviyorum oldu olur geldi gel git
        hakkında hüzünlü mutlu
        """
    ),
    "id": _words(
        """
        yang dan di ke dari ini itu aku kamu kau dia kita kami mereka ku mu tak tidak bukan akan sudah telah
        ada adalah dengan untuk pada dalam jika bila kalau saat ketika tapi karena seperti hanya selalu
        malam hati cinta hidup dunia langit matahari bulan lagu hujan hari semua sayang rindu jangan bisa
        sampai jumpa lagi tentang sedih
        """
    ),
    "vi": _words(
        """
        là của và có không anh em tôi ta mình một những trong với cho đã đang sẽ này đó khi thì mà như yêu
        người đời tình đêm ngày mưa nắng trời tim nhớ về đi ơi bài hát buồn vui
        """
    ),
    "tl": _words(
        """
        ang ng mga sa na at ay ako ikaw ka siya kami tayo kayo sila ko mo niya namin natin kita mahal puso
        hindi wala kung dahil ngayon lang pa din rin naman gabi araw ulan mundo buhay pag-ibig ito iyon
        malungkot masaya awit
        """
    ),
    "sw": _words(
        """
        na ya wa kwa ni si la za katika mimi wewe yeye sisi nakupenda moyo upendo maisha dunia leo kesho
        usiku wangu yangu wako yako sana
        """
    ),
    "ca": _words(
        """
        el la els les un una i o de del al en amb per que què com quan on però perquè si no ja més molt meu
        meva teu teva em et es jo tu ell ella nosaltres és sóc són està vull sense tot res mai sempre vida
        amor cor nit cel sol lluna món cançó avui demà
        """
    ),
    "la": _words(
        """
        et in est non ad cum sed qui quae quod deus dei domine dominus nobis nostra sancta gloria aeterna
        amor lux pax requiem mundi miserere eleison
        """
    ),
    "ru": _words(
        """
        я ты он она мы вы не и в на что как это мне меня тебя тебе мой моя моё твой твоя но а если когда где
        люблю любовь ночь сердце жизнь солнце небо день дождь только всё все ещё уже нет да был была песня
        снова под мир ветер
        """
    ),
    "uk": _words(
        """
        я ти він вона ми ви не і й та в у на що як це мені мене тебе тобі мій моя твій твоя але коли де
        кохаю люблю кохання ніч серце життя сонце небо день дощ тільки все ще вже немає був була пісня знову
        """
    ),
    "bg": _words(
        """
        аз ти той тя ние вие не и в на че как това ми ме те теб мен мой моя твоя но ако когато къде обичам
        любов нощ сърце живот слънце небе ден дъжд само всичко още вече няма да бях е съм си са песен със за
        от
        """
    ),
    "sr": _words(
        """
        ја ти он она ми ви не и у на да што како то ме те мене тебе мој моја твој твоја али ако кад где
        волим љубав ноћ срце живот сунце небо дан киша само све још нема је сам си су песма са за од
        """
    ),
    "mk": _words(
        """
        јас ти тој таа ние вие не и во на да што како тоа ме те мене тебе мој моја твој твоја но ако кога
        каде сакам љубов ноќ срце живот сонце небо ден дожд само сè уште нема е сум си се песна со за од
        """
    ),
}  # fmt: skip
"""By language in Latin or Cyrillic letters. A word may belong to several: the most words decide."""

LETTERS: Mapping[str, str] = {
    "es": "ñ¿¡",
    "pt": "ãõ",
    "de": "ß",
    "pl": "łąęśźż",
    "cs": "řěů",
    "hu": "őű",
    "tr": "ğış",
    "ro": "ășțş",
    "vi": "đơưạảấầậắặẽếềệốồộớờợủứừựỹ",
    "is": "ðþ",
}
"""Letters that hardly another language has."""
