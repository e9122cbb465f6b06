"""The things that lie near at hand, and the signs of themes: by glyph, the words that name them.

A line is a glyph ("font:name") and its words; "_" joins the words of a phrase. What stands
in ``SKY`` and ``SIGNS`` is shown only where no thing is named."""

from __future__ import annotations

NEAR = """
mat:alien alien extraterrestrial
mat:guitar-acoustic guitar ukulele banjo mandolin
mat:guitar-electric electric_guitar bass_guitar
mat:violin violin fiddle cello viola double_bass
mat:saxophone saxophone sax
mat:trumpet trumpet trombone horn bugle
mat:piano piano organ keyboard
fa:drum drum drummer
mat:microphone-variant microphone mic singer karaoke
mat:headphones headphones
mat:radio radio
mat:boombox boombox ghetto_blaster
mat:cassette cassette mixtape tape
fa:record-vinyl vinyl record turntable gramophone
mat:metronome metronome
rpga:ocarina ocarina
mat:television-classic television tv
mat:camera camera photograph photo photographer
mat:movie-open movie film cinema hollywood
mat:drama-masks theatre theater mask actor
mat:coffee coffee espresso latte cappuccino cafe café
mat:tea tea teacup
mat:kettle kettle teapot
mat:pot-steam kitchen soup stew cooking cook pot
mat:silverware-fork-knife dinner restaurant diner supper meal
mat:chef-hat chef
mat:glass-wine wine vineyard
mat:glass-cocktail cocktail martini margarita
mat:glass-mug-variant beer pub tavern saloon
mat:bottle-wine bottle whiskey whisky bourbon rum tequila
mat:hamburger burger hamburger cheeseburger
mat:pizza pizza
mat:noodles noodles ramen spaghetti
mat:ice-cream ice_cream gelato
mat:cake birthday cake
mat:cupcake cupcake muffin
mat:cookie cookie biscuit
mat:bread-slice bread toast sandwich
mat:baguette baguette bakery baker
mat:cheese cheese
mat:candy candy sweets lollipop
fa:apple-whole apple
mat:fruit-cherries cherry
mat:fruit-grapes grape
mat:fruit-watermelon watermelon
mat:fruit-pineapple pineapple
fa:lemon lemon lime lemonade
mat:fruit-citrus orange_juice tangerine
fa:pepper-hot chili pepper
mat:carrot carrot
mat:egg-easter easter
mat:beehive-outline honey beehive
mat:skull skull skeleton
fa:skull-crossbones pirate buccaneer
mat:ninja ninja samurai
fa:hat-cowboy cowboy cowgirl rodeo wild_west texas
rpga:sheriff sheriff outlaw
fa:hat-wizard wizard witch sorcerer warlock
mat:crown crown king queen prince princess royalty throne
mat:sword sword blade excalibur
mat:sword-cross duel battle swords
rpga:knight-helmet knight armour armor chivalry
rpga:helmet viking
mat:bow-arrow bow_and_arrow archer arrow
rpga:axe axe lumberjack
mat:pickaxe pickaxe miner coal gold_mine coal_mine
mat:crystal-ball crystal_ball fortune_teller
mat:magic-staff magic_wand wand magician
mat:treasure-chest treasure treasure_chest
mat:diamond-stone diamond jewel gem ruby emerald sapphire
mat:ring ring wedding engagement bride marriage
mat:necklace necklace
mat:key-variant key
fa:lock lock padlock prison jail chain
mat:door-open door doorway
mat:window-closed-variant window
mat:bookshelf library bookshelf
mat:book-open-page-variant book novel diary story bible
mat:typewriter typewriter
mat:fountain-pen pen poet poem poetry writer
mat:email-open letter postcard envelope mail
fa:scroll scroll
mat:newspaper newspaper headlines
mat:clock clock midnight
fa:hourglass-half hourglass
mat:watch wristwatch pocket_watch
mat:bell bell bells
mat:candle candle candlelight
rpga:lantern-flame lantern
mat:torch torch
mat:compass compass
mat:compass-rose wind_rose
mat:map map
mat:binoculars binoculars
mat:mirror mirror reflection
mat:shield shield
rpga:kitchen-knives knife dagger
mat:gold gold silver
mat:smoking cigarette cigar
fa:face-smile smile
mat:bone bone
mat:foot-print footprint footsteps
fa:handshake handshake
fa:mobile-screen cellphone smartphone texting text_message
mat:stethoscope doctor nurse
mat:police-badge police cop
mat:robber thief robber bandit burglar
mat:taco taco burrito
rpga:fairy-wand fairy
mat:telescope telescope astronomer
mat:lightbulb lightbulb light_bulb
mat:gift gift present
mat:umbrella umbrella
mat:glasses glasses spectacles
mat:sunglasses sunglasses shades
mat:hat-fedora hat fedora detective gangster
mat:shoe-heel high_heels heels stiletto
mat:shoe-sneaker sneaker shoe boots boot
mat:tie necktie
mat:bow-tie bow_tie tuxedo
mat:tshirt-crew t-shirt shirt
mat:bag-suitcase suitcase luggage
mat:briefcase briefcase office job boss
mat:purse purse handbag
mat:flower flower blossom bloom garden daisy sunflower petals bouquet
mat:flower-tulip tulip
mat:flower-poppy poppy
fa:spa lotus lily
rpga:trefoil-lily orchid iris
mat:clover clover shamrock ireland irish
mat:leaf leaf
mat:leaf-maple autumn canada october november maple_leaf
mat:sprout sprout seedling seed
mat:spider-web cobweb web
mat:horseshoe horseshoe
mat:guitar-pick guitar_pick
mat:basketball basketball hoops
mat:soccer soccer football goal
mat:football touchdown quarterback nfl
mat:baseball-bat baseball home_run
mat:boxing-glove boxing boxer
mat:karate karate kung_fu
mat:tennis tennis
mat:golf golf
mat:bowling bowling
mat:billiards billiards pool_hall eight_ball
mat:skateboard skateboard skater
rpga:dice-five dice gambler
mat:cards-playing cards poker casino vegas
mat:chess-knight chess
mat:chess-queen checkmate
mat:gamepad-variant video_game gamer game_controller
mat:space-invaders arcade
mat:puzzle puzzle jigsaw
mat:trophy trophy champion
mat:eye eye eyes
mat:brain brain
mat:tooth tooth dentist
mat:hand-heart charity kindness
fa:hand-fist fist
fa:hand-peace peace hippie
mat:hands-pray prayer amen
fa:cross cross jesus crucifix
mat:yin-yang yin_yang
mat:coffin coffin funeral
mat:flask potion
mat:atom atom physics
mat:microscope microscope scientist
mat:dna dna
fa:gears machine clockwork gears
mat:hammer hammer carpenter
mat:anvil anvil blacksmith
mat:saw-blade chainsaw sawmill
mat:wrench wrench mechanic
mat:scissors-cutting scissors barber
mat:shovel shovel
mat:watering-can watering_can gardener
mat:broom broom
mat:bucket bucket
mat:phone-classic telephone phone phone_call hotline
mat:desktop-classic computer
mat:laptop laptop internet online algorithm coding programmer
fa:suitcase-rolling vacation holiday
mat:steering steering_wheel
mat:pistol gun pistol revolver
mat:bomb bomb
mat:snowflake snowflake
fa:coins coin money dollar rent taxes
mat:hook fish_hook
mat:ladder ladder
mat:lava-lamp lava_lamp
mat:seatbelt seatbelt
mat:washing-machine laundry laundromat
mat:basket basket picnic
mat:fishbowl goldfish aquarium
mat:slot-machine jackpot
"""

SKY = """
mat:moon-waning-crescent dream dreams dreaming dreamer moon night moonlight lullaby sleep tonight nights
mat:weather-sunset-up hope sunrise dawn morning sunday new_day
mat:weather-sunset sunset dusk evening twilight horizon
mat:white-balance-sunny sun summer sunshine july august
mat:star star stars starlight fame wish
mat:cloud cloud clouds sky skies
mat:weather-lightning thunder storm thunderstorm lightning
fa:tornado tornado hurricane whirlwind
fa:wind wind breeze
fa:rainbow rainbow
fa:dove forgiveness mercy grace
fa:earth-americas world earth globe planet
"""

SIGNS = """
fa:house-chimney home hometown homesick
mat:heart kiss love romance valentine sweetheart heart crush darling
mat:heart-broken heartbreak breakup heartache broken_heart goodbye
mat:fire fire flame flames burning
mat:water blood water drop tear teardrop tears
fa:hourglass-half time memory memories years yesterday
mat:pine-tree christmas
mat:snowflake winter december frost ice snow blizzard snowy
mat:umbrella rain raindrops downpour drizzle puddle rainy
mat:sprout springtime
mat:bag-suitcase journey travel travelling traveling leaving trip departure road_trip
mat:party-popper party celebration new_year
mat:school homework school student classroom graduation teacher
mat:hammer work worker labour labor
fa:church faith god heaven gospel lord
mat:flag war soldier soldiers army revolution freedom
mat:sword-cross revenge fight warrior
mat:skull death hell devil
mat:yoga meditation silence stillness
mat:bow-arrow hunter
mat:music-note flute harp accordion harmonica clarinet
mat:hand-heart gratitude thanks
mat:shield courage
fa:lock secret secrets
mat:forest deer monkey gorilla
fa:handshake friendship
mat:smoke smoke ashes
mat:music-clef-treble music melody symphony opera
"""
