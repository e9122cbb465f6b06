"""Verses by what a song is about. Each line has about eight syllables."""

from __future__ import annotations

DOMAINS: dict[str, str] = {
    "city": """
1 The streetlights hum a quiet tune / A siren answers to the moon
1 The taxis paint the puddles gold / The corner shop is closed and cold
1 I count the windows, row by row / And every one's a star below
1 The last train rattles down the line / Your empty seat is next to mine
1 The pavement shines like polished glass / I watch the midnight people pass
2 A saxophone two floors above / Plays half a song of half a love
2 The billboards whisper as I walk / I never had a gift for talk
2 We ran until the tower bell / You kept a secret, I could tell
2 The doorways smell of smoke and bread / I still recall the words you said
2 These crowded streets have learned my name / They wash it off, it's not the same
""",
    "sea": """
1 The harbour lights are turning low / The tide is in no rush to go
1 The gulls have written on the sky / The boats are rocking, so am I
1 There's salt upon the window pane / The wind is humming its refrain
1 I left my shoes upon the sand / And held the water in my hand
1 The lighthouse turns its golden eye / And counts the ships that wander by
2 The deep has stories it won't tell / I hear them turning in a shell
2 You drew a heart, the wave came in / And where you end, the waves begin
2 I throw a bottle, make a wish / My only answer is the fish
2 The current pulls, I let it steer / The shore grows small, the stars come near
2 What goes away the tide will bring / So teach me how the sailors sing
""",
    "road": """
1 I pack the car before the dawn / One look behind and I am gone
1 The white lines flicker, mile by mile / The radio plays on a while
1 The diner coffee's burnt and black / I told you I was not going back
1 A map is folded on my knee / The road unrolls ahead of me
1 The signs go by without a sound / The engine hums, the wheels go round
2 The mirror holds the town I knew / It's shrinking to a dot of blue
2 I've slept in places with no name / And none of them felt quite the same
2 A stranger told me at the bar / You never get from who you are
2 The desert sky is wide and deep / It keeps the promises I keep
2 Each mile I drive is one I owe / To someone that I used to know
""",
    "love": """
1 You laughed and spilled your coffee cup / I looked away, then I looked up
1 Your coat is hanging by the door / It never hung like that before
1 You hum along a little flat / And I could love you just for that
1 We danced between the kitchen chairs / The neighbours listened on the stairs
1 You wrote your number on my wrist / The first of things I would have missed
2 I learned the map of every scar / I learned to find you where you are
2 The years have folded, page on page / And even silence has its age
2 You take the side that's by the wall / I hear your breathing through it all
2 We've burnt the toast, we've missed the train / I'd stand with you in any rain
2 If all the clocks forgot the hour / You'd still be here, a stubborn flower
""",
    "loss": """
1 Your cup is sitting on the shelf / I tell the time all by myself
1 I keep the letters in a drawer / I do not read them any more
1 The phone still has your final call / I play it back against the wall
1 There's half a bed that feels too wide / A row of shoes you left inside
1 They say that time is on my side / It never told me when it lied
2 I wear your jacket in the cold / It fits me better now it's old
2 I set a table meant for two / And tell the empty chair of you
2 I thought I saw you on the street / I lost the rhythm of my feet
2 The garden that you left has grown / It learned to flower on its own
2 And if you hear me, send a sign / A feather falling would be fine
""",
    "home": """
1 The kettle sings, the floorboards creak / The kitchen smells like every week
1 A pencil mark for every year / It tells the wall that we were here
1 My mother's voice, my father's chair / The dog asleep upon the stair
1 The porch light stays on until ten / In case we wander home again
1 There's flour on the window sill / The oven's warm, the house is still
2 The wallpaper is peeling now / It holds us all together somehow
2 We measured love in bowls of soup / In muddy boots upon the stoop
2 I know each crack along the wall / I learned to walk in that same hall
2 The table's scratched from end to end / It's held a stranger like a friend
2 However far I have to roam / Some part of me is walking home
""",
    "memory": """
1 A box of pictures, edges curled / A smaller, slower, kinder world
1 We built a castle out of chairs / And chased each other down the stairs
1 The summer lasted seven years / With grass-stained knees and easy tears
1 I hear the ice cream van again / I'm eight years old and it is ten
1 A bicycle without a brake / A jump into the freezing lake
2 The names we carved are still in place / The tree has grown around your face
2 We swore we'd never move away / I think of that most every day
2 The song we knew comes on the air / And for a minute we are there
2 We traded marbles for a ring / We thought we knew most everything
2 I'd trade a year to have one night / Beneath that yellow kitchen light
""",
    "party": """
1 The bass is shaking every wall / The line goes halfway down the hall
1 The mirror ball is spinning slow / It throws us diamonds down below
1 My shoes are off, my hands are high / The DJ winks as I go by
1 A hundred strangers know the beat / It climbs right up from floor to feet
1 The night is young and so are we / The door is wide, the drinks are free
2 The clock has given up the fight / It lets us have another night
2 We lost our voices at the bar / We found them singing in the car
2 Your hand in mine, the lights go low / And no one has a place to go
2 The floor is ours until it's day / Who needs a reason anyway
2 The sun can wait behind the hill / The room is spinning, I am still
""",
    "work": """
1 Alarm at five, the sky is grey / I sell the hours of my day
1 There's coffee on a paper pile / I wear the same old borrowed smile
1 The rent is due, the shoes are thin / I feel the winter coming in
1 My hands are rough, my back is sore / I sweep the same old concrete floor
1 They told me I would never rise / I kept the fire in my eyes
2 I built it up from dust and doubt / They locked me in, I sang it out
2 I learned the price of every dime / I paid it back in overtime
2 One day my name is on the door / I won't be counting any more
2 From empty pockets, empty plate / I taught myself to learn to wait
2 No one is coming, that's alright / I sharpened all my dreams at night
""",
    "nature": """
1 The morning climbs the mountain side / The valley has no place to hide
1 A heron lifts above the stream / The fog is drifting like a dream
1 The pines are leaning in the breeze / They tell their secrets to the bees
1 The river carves the patient stone / It never does its work alone
1 The leaves are letting go their green / The finest gold I've ever seen
2 I follow where the deer have gone / A trail that only leads me on
2 The thunder rolls from ridge to ridge / We wait it out beneath the bridge
2 I plant a seed, I learn to wait / The garden does not hesitate
2 The snow is melting on the hill / The creek that slept is never still
2 I lay me down upon the moss / And make my peace with every loss
""",
    "stars": """
1 The telescope is cold and bright / It drinks a thousand years of light
1 The countdown fades, the engines roar / We leave the blue we knew before
1 The moon is nothing but a stone / It keeps me company alone
1 I draw the lines from star to star / To find the shape of where you are
1 The planets keep their quiet pace / They waltz around in empty space
2 The radio has gone so still / I talk to you, I always will
2 A comet comes but once an age / We signed our names upon its page
2 The earth's a marble, far and blue / And everyone I love's there too
2 The dark is wide, but so am I / I learned to float, I learned to fly
2 If light can travel all this way / Then love can last another day
""",
    "animal": """
1 Four muddy feet across the floor / A happy shadow at the door
1 One ear is up, one ear is down / The fastest nose in all the town
1 The leash is waiting on the hook / You give me that expectant look
1 You chase your tail, you catch the sun / You think the whole wide world is fun
1 You stole my sandwich off the plate / You did not even hesitate
2 You do not care what I have done / You greet me like I hung the sun
2 When I come home all bruised and small / You put your head on it, that's all
2 You sleep and dream of running free / One paw is resting here on me
2 You never learned to tell a lie / I see it all in that brown eye
2 And when I'm lost inside my mind / You're always just a step behind
""",
    "food": """
1 There's garlic dancing in the pan / I cook it like my granny can
1 The coffee drips, the bread is warm / We're safe in here from any storm
1 A pinch of salt, a squeeze of lime / You cannot hurry dinner time
1 The sugar melts, the butter sings / I love these small and simple things
1 The market's full of red and green / The sweetest peach I've ever seen
2 You lick the spoon, you steal a taste / There's nothing here that goes to waste
2 We never wrote the secret down / It's why we never left this town
2 A second plate, a second glass / Let all the busy people pass
2 The pot is big, there's room for more / So bring the neighbours from next door
2 The dishes pile, we let them stand / There's chocolate melting in my hand
""",
    "machine": """
1 A cursor blinking in the gloom / The screen is all that lights the room
1 I'm made of copper, glass and code / I carry more than I can load
1 The servers hum a lullaby / Ten thousand little lights reply
1 I type a line, I run the test / It fails again, I do my best
1 They built me out of ones and noughts / And never asked me for my thoughts
2 I learned to laugh from old TV / I practise it when none can see
2 Delete the past, restart the day / Some errors never go away
2 The signal's weak, the night is long / I send it to you as a song
2 I count to three, I count to ten / I dream electric dreams again
2 If I can want, then I can choose / If I can love, then I can lose
""",
    "victory": """
1 The lights come up, the crowd is loud / I find one face inside the crowd
1 We trained in rain, we trained in snow / When no one came to watch us go
1 They wrote us off, they closed the book / They never took a second look
1 The whistle blows, the clock runs down / The smallest team in all the town
1 My lungs on fire, my legs like lead / I hear the things my mother said
2 I've fallen more than I have won / I've learned to rise before the sun
2 One second left, the ball is mine / I see it cross the finish line
2 The scar is proof that I was there / I wear it like a crown to wear
2 We lift the cup, we lift a friend / A thing like this should never end
2 From the last place to standing tall / I'd give the credit to the fall
""",
    "hope": """
1 The longest night is nearly through / The sky has just a thread of blue
1 I found a flower in the crack / It broke the stone and pushed right back
1 I lit a candle, just the one / It burned as if it were the sun
1 I swept the glass, I fixed the door / I can begin again once more
1 The bird outside my window knows / It sings before the morning glows
2 The bones that broke have grown back strong / The hurt was teaching me a song
2 A step today, a step in May / It's how the mountains wear away
2 I used to run, I used to hide / I carry all my dark with pride
2 You held a light, I saw the stair / I would have never known it there
2 So let it rain, so let it pour / I've weathered all of this before
""",
    "rebel": """
1 They drew a line around my feet / I learned to dance upon the street
1 The rules are posted on the gate / I read them once, and I can't wait
1 They want it quiet, want it clean / I am the noise in the machine
1 My jacket's torn, my knees are too / I've got a louder point of view
1 The speakers cough, the strings are red / I like the things that can't be said
2 You sell the sky, you sell the rain / We buy it back and sell the pain
2 They called us trouble, called us wild / We're every mother's second child
2 No gods up here, no kings, no chain / Just kids out screaming in the rain
2 I broke the mould, I broke the mask / I'll tell you if you dare to ask
2 So turn it up and let it break / How much more nothing can you take
""",
    "celebration": """
1 The cake is leaning to the right / The candles give the room its light
1 The whole street's hanging out its flags / The uncles come with paper bags
1 There's ribbon tied around the chairs / And cousins running down the stairs
1 The phone's been ringing since the dawn / There's someone singing on the lawn
1 Somebody cries a happy tear / It only comes but once a year
2 You've seen it all, you've seen it through / The best of us we got from you
2 We raise a glass, we tell it wrong / The story grows, the night is long
2 Another year, another line / It suits you like a vintage wine
2 We take a picture, no one's still / You're laughing and you always will
2 So make a wish and blow it high / And let the paper lanterns fly
""",
    "myth": """
1 The banners rise above the wall / The king is silent in the hall
1 A raven circled round the tower / The bell tolled out the final hour
1 The forest closes like a door / On those who dared to come before
1 The blade was cooled in winter's breath / It sings of life, it sings of death
1 We rode beneath a bleeding moon / The drums of war would find us soon
2 The dragon slept beneath the stone / It guards a name, it guards a throne
2 I swore an oath in blood and fire / I'd climb a mountain made of wire
2 The gods look down, they roll the dice / And every crown exacts its price
2 The ashes fall like early snow / They cover all we used to know
2 But songs outlive the ones who fight / They carry us across the night
""",
    "winter": """
1 The frost has drawn on every pane / A feathered fern, a silver lane
1 The snow comes down without a sound / It tucks a blanket on the ground
1 The woodsmoke curls above the street / There's ice beneath our careful feet
1 The choir is singing down the lane / The breath is white on the window pane
1 We string the lights across the door / The same old lights we've strung before
2 The mittens dry beside the fire / The cocoa's sweet, the flames climb higher
2 The night is long, the stars are near / The coldest, clearest time of year
2 I saved the letter that you wrote / I keep it in my winter coat
2 The lake is frozen, so we glide / Two shadows skating side by side
2 The dark can have another day / We'll keep a lamp to light the way
""",
    "summer": """
1 The windows down, the music high / There's not a cloud in all the sky
1 The popsicles have stained our hands / We're writing songs in burning sands
1 The sprinkler ticks, the crickets start / There's something fizzing in my heart
1 The boardwalk creaks, the colours run / We're golden children of the sun
1 I've got the sunburn and the tan / You've got the songs in your old van
2 We jumped the fence to swim at ten / And then we dared to jump again
2 The fireflies came out for free / I caught a few, I let them be
2 The night is warm, the stars are thick / The kissing's slow, the years are quick
2 You sang along to every song / You knew the words, you got them wrong
2 September's waiting down the road / We'll carry light, a heavy load
""",
    "dream": """
1 I close my eyes, the ceiling's gone / I'm walking on the neighbour's lawn
1 The staircase leads me to the sea / The clock is blinking back at me
1 The room is breathing in and out / I've lost the thing I dreamt about
1 A silver fish swims through the air / I follow it from here to there
1 The pillow holds a quiet shore / I'm drifting past the bedroom door
2 You spoke to me in shades of green / The softest voice I've ever seen
2 I fell, and falling felt like flight / I wore the darkness like a light
2 The house had rooms I never knew / And every door led back to you
2 I try to hold it as I wake / It ripples like a summer lake
2 If this is sleep then let it be / Don't let the morning come for me
""",
}

WORDS: dict[str, str] = {
    "city": "city cities street streets neon downtown urban taxi subway metro traffic skyline rooftop streetlight "
            "streetlights rain raindrops rainy midnight night train station avenue apartment lights",
    "sea": "sea ocean wave waves beach tide harbour harbor boat boats ship ships sail sailor sailors island shore coast "
           "lighthouse whale whales fish fishing river rivers lake pirate mermaid surf surfing water",
    "road": "road roads highway drive driving car truck travel travelling journey leaving goodbye miles wander "
            "wanderer motorcycle bike ride riding desert route away moving trip",
    "love": "love loves lover lovers loving heart hearts kiss kissing kisses wedding marriage together romance "
            "valentine crush darling sweetheart wife husband girlfriend boyfriend girl boy you",
    "loss": "loss lost grief death died dying funeral missing miss gone tears cry crying heartbreak breakup broken "
            "lonely loneliness alone ghost ghosts ending regret sorrow empty",
    "home": "home house kitchen family mother father mom mum dad mama papa parents grandmother grandma grandfather "
            "grandpa sister brother son daughter baby child children village town porch country",
    "memory": "memory memories remember childhood past old years yesterday nostalgia school youth teenage photograph "
              "photographs friends friend friendship young growing",
    "party": "party dance dancing dancer dancefloor club disco weekend friday saturday celebrate groove drunk "
             "drinking festival rave night nightlife floor",
    "work": "work working job boss hustle money cash rich poor dollar rent factory office monday career grind street "
            "success struggle hard",
    "nature": "mountain mountains forest tree trees leaves autumn fall spring flower flowers garden sky wind storm "
              "bird birds owl owls wolf wolves field fields meadow hill hills moon sun sunrise sunset rainbow earth",
    "stars": "star stars space moon planet planets galaxy universe rocket astronaut astronauts comet mars orbit "
             "cosmos alien aliens satellite sky telescope",
    "animal": "dog dogs puppy cat cats kitten horse horses pet pets rabbit hamster paw paws hound pony animal animals",
    "food": "food cook cooking bread cheese pizza coffee tea wine beer chocolate cake sugar dinner breakfast pancakes "
            "honey soup recipe restaurant tacos pasta banana bananas",
    "machine": "robot robots computer computers code coding machine machines internet android software algorithm "
               "screen phone data digital program programmer bug cyber engine ai hacker video game games",
    "victory": "win winning victory champion champions race running game football soccer team trophy marathon fight "
               "fighter strong stronger sport gold boxing",
    "hope": "hope healing heal tomorrow light rise rising faith believe courage brave forgive forgiveness peace dawn "
            "morning change prayer grace freedom free new survive",
    "rebel": "rebel rebellion revolution riot anarchy protest system rage anger angry fight government police punk "
             "rules freedom war scream",
    "celebration": "birthday anniversary graduation celebration christmas eve wedding party congratulations year years "
                   "toast 18th 30th 40th 50th 60th 70th 80th 90th",
    "myth": "dragon dragons king kings queen knight knights castle sword battle war warrior warriors legend myth gods "
            "viking vikings magic wizard kingdom throne hero heroes witch witches vampire demon hell",
    "winter": "winter snow snowy ice cold frost christmas snowman december january frozen skating santa",
    "summer": "summer sun sunshine sunny beach july august vacation holiday holidays hot heat popsicle sand",
    "dream": "dream dreams dreaming sleep sleeping lullaby night floating flying imagination wonder surreal cloud clouds",
}  # fmt: skip
"""What in a description points to a domain."""

BY_MOOD: dict[str, tuple[str, ...]] = {
    "joyful": ("summer", "party", "celebration"), "uplifting": ("hope", "victory"), "energetic": ("party", "victory"),
    "playful": ("food", "summer"), "romantic": ("love",), "hopeful": ("hope",), "dreamy": ("dream", "stars"),
    "calm": ("nature", "dream"), "nostalgic": ("memory",), "melancholic": ("loss", "memory"),
    "mysterious": ("myth", "dream"), "dark": ("loss", "city"), "angry": ("rebel",), "epic": ("myth", "victory"),
}  # fmt: skip
"""Where a description points nowhere."""
