"""Lines for any theme: verses that name it, lines that lead up, choruses on a hook, bridges that turn.

``{x}`` is the theme with its article ("the neon rain", "my dog"), ``{h}`` the hook as the user put it; both may be of
any length, so rows that hold them offer several wordings, ``(one|another|)``, of which one is taken. Nothing around
``{x}`` has to agree with it in number.
"""

from __future__ import annotations

THEME = """
1 (|Oh, |I see |I can see |I was dreaming of |All night long I dreamed of ){x} up there / Nowhere at all, and everywhere
1 (|And |I had |We had just |I had only |I had nothing here but ){x} and you / I go walking there when I am blue
1 (|Still |I hear |I can hear |I still remember |I lie awake and think of ){x} tonight / Somewhere on the far side of the light
1 (|Oh, |It was |I learned from |I learned it all from |Everything I know is ){x}, you see / Waiting all the time to set me free
1 (|Just |Here's to |It began with |It all started with |One day it started with ){x} and me / That is how we came to be
1 (|Just |I saw |I only saw |I could only think of |Nothing in my head but ){x} that day / And the grey dissolved and went away
1 (|For |I wrote for |I wrote it for |I wrote these words for |I wrote it all down for ){x} to hear / These are words I hold so near
1 (|Not |I'd not known |I never knew |Nobody told me of |I never knew the name of ){x} before / Now I'm standing at an open door
1 (|Oh, |I see |I dream of |I close my eyes, it's |I close my eyes and see ){x} again / Like a picture drawn in felt-tip pen
1 (|Come, |I sing |This is for |Let me tell you of |Come and let me tell you of ){x} right now / I will tell you why, I'll tell you how
2 (|Just |Give me |I'd give all for |I want to see |I would give it all for ){x} once more / I would wait forever at the door
2 (|But |I keep |I hold on to |I'm holding on to |Take it all away, but ){x}, all mine / And the taste is sweet as summer wine
2 (|Still |Don't leave |Don't give up on |Don't walk away from |I will never turn from ){x}, my friend / You and I both know it's not the end
2 (|Yes, |I know |I know now that |I finally know that ){x} felt right / Burning in my window all the night
2 (|Still |There's just |All I have is |When it's over there's ){x} and you / It's the only thing I ever knew
2 (|Till |Until |I was lost till |I was lost until |I was wandering till ){x} came through / And told me something that was true
2 (|With |I keep |I carry |I'm taking on |So I carry on with |Everywhere I go I take ){x} with me / Like a secret only I can see
2 (|Yes, |I swear |Tell them that |If they ask you, then |If they ask you, say that ){x} came here / Say it out loud and say it clear
2 (|By |Stay by |Stay close to |I stay close to |Never walk too far from ){x}, my dear / What you love is always near
2 (|And |I see |I look at |I look back and see |Now I'm looking back at ){x} at last / Every shadow that it ever cast
2 (|Just |There's still |I still have |I've still got |After all this there's |After all of it there's ){x} to hold / The only thing that won't grow old
2 (|To |Back to |Take me to |Take me back to |Won't you take me back to ){x} somehow / I was never nearer than right now
"""

DOING = """
1 (|I know |I know that |They told me that |Nobody warned me that ){x} takes time / I wrote the reasons down in rhyme
1 (|I was |So I was |There I was, just |There I was, busy |Tuesday, and there I was ){x} that day / With no one there to make me stay
1 (|I was |You caught me |You should have seen me |Somebody must have seen me ){x} back then / I'd do it all the same again
1 (|I thought |I thought that |I used to think |I used to think that |I always used to think that ){x} was hard / I hid it like a losing card
1 (|They say |They say that |My mother said that |Nobody told me that ){x} is an art / You learn it slowly, and by heart
1 (|It starts with |It all starts with |Some days begin with |Some mornings begin with ){x} at dawn / One light across the neighbour's lawn
1 (|Nothing but |Nothing to it but |Nothing on my mind but ){x} alone / One cup of tea, a silent phone
1 (|I was |So I was |And I was just |Late again, I was |Look at me, I was just ){x} again / I said I'd only stay till ten
2 (|And I'm still |Look at me, still |Years later and I'm |Look at me now, I am still ){x} today / Some things you never put away
2 (|Call it |If this is |So if this is |And if all this is |If all that's left for me is ){x} for good / I'd start it over if I could
2 (|I know |I know now |I know now that |Now I can say that |Nobody else can say that ){x} is mine / The map, the mud, the finish line
2 (|And |Because |I found that |I never knew that |Nobody told me that ){x} could heal / I touch the scar, I hardly feel
2 (|They say |They say that |They told me that |You said to me that |All of them told me that ){x} would pass / I pressed it like a leaf in glass
2 (|We laugh at |We laugh about |Now we both laugh about |Somehow we both laugh about ){x} till we cry / The tea goes cold, the dishes dry
2 (|I dream of |I still dream of |Nights, I dream about |Some nights I dream about |Every so often I dream of ){x} once more / I wake up halfway to the door
2 (|Why go on |You ask why I'm |You ask me why I'm |You ask me why I go on ){x}, my friend / I want to see how it will end
2 (|I'll go on |I will go on |I'll go right on |Let me go on just |Leave me here and I'll go on ){x} till dark / The last kid singing in the park
"""

WHO = """
1 (|And then |One morning |Out of nowhere |One rainy Monday |Then one rainy Monday ){x} came along / The quiet street became a song
1 (|I met |I once met |The day that I met |I know the day I met |I can't forget the day I met ){x}, you see / The weather changed in front of me
1 (|I saw |I first saw |That's where I saw |That's where I first saw |Down at the corner I saw ){x} go by / I had no words, I don't know why
1 (|I heard |I could hear |Down the hall I heard |Late at night I could hear |Long before I saw, I heard ){x} outside / I threw the heavy curtains wide
1 (|For |It's for |This one's for |I wrote this down for |I sat and wrote this down for ){x} to keep / A tune to hum when you can't sleep
1 (|We knew |They all knew |The whole street knew |Everyone here knew |All of the neighbours knew ){x} by name / And nothing after stayed the same
1 (|Just |It's just |It was just |Back then it was just |Look at the picture: just ){x} and me / The tallest branch of the tallest tree
2 (|Without |If not for |I'm lost without |Where would I be without |Tell me, who am I without ){x} around / I'd go through life without a sound
2 (|I see |I still see |I keep on seeing |Every night I still see |Even after all, I see ){x} in my dreams / The night is shorter than it seems
2 (|But |And still |All night long |All through the night |When everything went wrong, ){x} stayed near / You find out then who's really here
2 (|I'd go with |I'd follow |I would follow |I would walk beside |Anywhere at all I'd follow ){x} through rain / Through every station, every train
2 (|I learned from |I learned it all from |All I know I got from |Everything I know I got from ){x}, my dear / To walk right up and lose the fear
2 (|I think of |I think about |Now I think about |Sometimes I think about |All these years I've thought of ){x} and smile / I keep you with me, mile by mile
2 (|Here's to |So here's to |So raise a glass to |Everybody raise a glass to ){x} tonight / We've left on every kitchen light
2 (|And |One day |And one day |There came a day when |And then there came a day when ){x} moved on / I watered all the flowers at dawn
"""

THEMES: dict[str, str] = {"thing": THEME, "doing": DOING, "who": WHO}
"""Verse couplets that name the theme, by its kind."""

RAP_THEME = """
1 (|Yeah, |Thinking of |Thinking about |I've been thinking about |Up since the dawn just thinking of |Up since the morning just thinking about ){x} up there / Notebook on my knee and the pen don't care
1 (|Back to |Take you to |Take you back to |Let me take you back to |Let me take you way back to |Let me take you all the way back to ){x} right now / Just a kid trying to figure out how
1 (|Know |No one knows |They don't know of |Nobody here knows |Nobody in the room knows |Everybody talks but nobody knows ){x} like I do / In the corner when the dream came true
1 (|Wrote |I wrote of |I started with |It all started with |It started with a line on |Started with a whisper and a line on ){x} that night / Now the whole block's up and the words feel right
1 (|See |I see |I still see |I could still see |I close my eyes and I see |Close my eyes on the bus and I see ){x} again / Quiet in the back with a ballpoint pen
2 (|Not |Don't take |They can't take |They can't ever take |They can have it all but not |Take the whole city, you can't take ){x} from me / Wrote it on the wall so the world could see
2 (|Build |I build on |I built it for |I built it all for |Everything I've built is for |Everything I'm building is built for ){x} today / Brick by brick and I did it my way
2 (|Got |I've got |I still got |Still I've got |Count it up, I still got |Count it up again and I got ){x} in mind / Ten steps forward, leave the rest behind
2 (|Talk |Talk about |Let me talk of |Let me talk about |Turn it down, let me talk of |Turn the lights down, let me talk about ){x} one time / Every single bar is a ladder I climb
2 (|For |This is for |All of this is for |I did it all for |Every word that I wrote was for |Every word I ever wrote was for ){x} and you / Everything I promised I am going to do
"""

RAP = """
1 Two shoes, one coat and a bus pass home / Learned about the city from a broken chrome
1 Mama in the kitchen with the radio low / Told me take it easy, told me take it slow
1 Corner store lights and a bag of chips / Big plans spilling from my little lips
1 Cold in the winter and the heat's cut out / Warm up the room with a whisper and a shout
1 Teacher said quiet and I wrote instead / A whole other city living in my head
1 Pockets full of nothing but my rhymes run deep / Tell it to the ceiling when I can't find sleep
2 Now I walk the same street, same cracked stone / Different kind of crown on a different kind of throne
2 Friends turned strangers and the strangers turned kin / Shut a lot of doors just to let love in
2 Took a lot of losses and I framed every one / Hang them in the hallway by the golden sun
2 Clock keeps ticking and the beat stays tight / Day job's tired but I write all night
2 Never had a map but I drew my own / Every wrong turn was a stepping stone
2 Say it with my chest and I mean each word / Quiet kid talking and I will be heard
2 Rain on the window and the bass on ten / Fell seven times and I got up again
2 Gold on the outside don't mean much to me / Rather have my people and a good night free
"""

LIFT = """
1 The window shakes, the kettle sings / I'm waiting on the smallest things
1 And something in the air has turned / A match is lit, a bridge is burned
1 I hear my heart against the floor / It never knocked so loud before
1 So close the book and dim the light / We won't be needing them tonight
1 The minute hand is standing still / If you won't say it, then I will
1 And all the things I meant to mend / Are lining up from end to end
1 I'm on the edge, I'm on the brink / It's so much nearer than you think
1 The coin is up, it starts to fall / I want the half, I want it all
1 My hands are cold, my face is hot / I'll give it everything I've got
1 So tell the driver not to wait / I'd rather come to this one late
1 And I can feel it getting near / The only thing I want to hear
1 And hold your breath and count to three / It's coming down on you and me
1 So take my hand and don't let go / There's something that you ought to know
1 The walls are thin, the lights are low / I've got to let somebody know
1 And all the noise begins to fade / I'm not as lost, I'm not afraid
1 It's building up inside my chest / I cannot give it any rest
1 And just before the feeling breaks / I'd pay whatever price it takes
1 And if you listen, you will find / It's been there all along, so kind
1 I tried to hold it, tried to hide / I can't keep standing here outside
1 And every word I couldn't say / Is on the tip of me today
1 The clock is stuck at ten to two / I only know one thing is true
1 I've been so quiet for so long / It's turning slowly to a song
"""

CHORUS = """
1 {h}, (so slow|wherever I go|it follows where I go|it follows me wherever I go) / It's the sweetest thing I know
1 {h}, (stay near|ringing in my ear|always ringing in my ear|it is always ringing in my ear) / Every time the night is clear
1 {h}, (my song|all night long|I've known it all along|I have known it all along) / Right or wrong, it makes me strong
1 {h}, (my bell|can't you tell|under the same old spell|I am under the same old spell) / Ask me and I'll say it well
2 {h}, (my plan|since it began|ever since it all began|there since everything began) / Catch me, catch me if you can
2 {h}, (remain|ease the pain|you can ease the pain|come along and ease the pain|won't you come along and ease the pain) / Like the sun behind the rain
2 {h}, (my tune|come back soon|won't you come back soon|promise me you'll come back soon) / We'll be howling at the moon
2 {h}, (a spark|in the dark|you are with me in the dark|I can find you in the dark) / You have left the brightest mark
1 {h}, (away|take me away|come take me away|come and take me away|won't you come and take me away) / We'll be singing till the day
1 {h}, (my pride|by my side|right here by my side|you are here by my side|you are always here by my side) / Nothing left that we could hide
1 {h}, (I need|all I need|you are all I need|you are everything I need|you are all that I will need) / You're the water, you're the seed
1 {h}, (shine on|oh, shine on|keep shining on|keep on shining on and on|how you shine and shine and shine on) / You are here when the rest is gone
1 {h}, (come home|take me home|you can take me home|won't you carry me back home|you can carry me all the way home) / Never let me drift and roam
1 {h}, (so free|fall on me|come and set me free|let it all come down on me|let it fall down over me) / Everything I want to be
1 {h}, (once more|sing once more|louder than before|sing it louder than before|let us sing it louder than before) / Till they're dancing on the floor
1 {h}, (come down|don't let me down|don't you let me down|don't you ever let me down) / The only light in all the town
1 {h}, (in there|in the air|I can feel you there|I can feel it in the air) / I can feel it everywhere
1 {h}, (goodbye|no goodbye|don't you say goodbye|don't you ever say goodbye) / Hold me till the seas run dry
2 {h}, (my crown|coming down|never coming down|we are never coming down) / You're the loudest heart in town
2 {h}, (my start|from the start|right there from the start|you were with me from the start) / You are written in my heart
2 {h}, (so slow|take it slow|let us take it slow|and the world is turning slow) / It's the place I want to go
2 {h}, (tonight|all through the night|we can last all night|we can make it last all night) / Every shadow turns to light
2 {h}, (hello|don't let go|I won't let you go|I am never letting go) / There's nothing else I need to know
2 {h}, (come true|coming true|you are coming true|and it feels like coming true) / Every road's a road to you
2 {h}, (don't stray|here to stay|you are here to stay|you're the reason that I stay) / I would have no other way
2 {h}, (my flame|you know my name|I hear you in my name|I can hear it in my name) / Nothing after is the same
2 {h}, (you rise|in my eyes|I see you in my eyes|I can see it in your eyes) / Underneath the open skies
2 {h}, (burn bright|hold me tight|come and hold me tight|won't you come and hold me tight) / Everything will be all right
"""

TURN = """
1 I wrote a letter, never sent / I kept it folded where it's bent
1 Turn off the lamp, put down the phone / There's more to us than skin and bone
1 So here's the part I never told / The brave are just the scared, made bold
1 I asked the dark to let me stay / It handed me the break of day
1 And if I stumble, if I stall / I'll learn the shape of every fall
2 And now I laugh at what I feared / It lost its teeth when morning cleared
2 The wheel has turned, the ice is thin / I take a breath and I begin
2 I thought the story closed in June / It only had to change its tune
2 So leave the door a little wide / Whatever's coming, come inside
1 But what if all of it was wrong / And I was silent all along
1 And when the lights have all gone out / I'll know what it was all about
1 Hush now, let the music fall / You can hear it through the wall
1 I thought that I would be alone / I never could have ever known
1 So strip it back and take it slow / There's one more thing you need to know
1 I fell so far, I hit the ground / And that was when I heard the sound
1 And maybe nothing stays the same / But I will answer to my name
1 If I could tell you only one / I'd tell you that it's just begun
1 The quiet has a voice as well / It has a better tale to tell
1 So break me open, let me see / The part of you that's part of me
2 And even if we lose it all / I'd take the wonder with the fall
2 I am not who I was before / I left my shadow at the door
2 Then out of nowhere came the day / It burned the rest of it away
2 Hold on, hold on, a little more / I see a light beneath the door
2 So here I stand, no more disguise / The truth is looking through my eyes
2 One more time before we go / Let it linger, let it flow
"""

CLOSE = """
1 So let it ring, so let it stay / Until the echo fades away
1 And when it's over, close the door / And play it softly just once more
1 Goodnight, goodnight, I'll leave the light / I'll see you when it's nearly bright
1 And that is all I had to say / I'll hum it going on my way
"""
