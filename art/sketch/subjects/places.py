"""The things that stand on the ground, lie on water or hang in the air: by glyph, the words that name them.

A line is a glyph ("font:name") and its words; "_" joins the words of a phrase."""

from __future__ import annotations

GROUND = """
mat:lighthouse lighthouse beacon
fa:truck-pickup truck pickup pick-up pickup_truck
mat:truck-trailer semi eighteen-wheeler big_rig lorry trucker
mat:dump-truck dump_truck
mat:fire-truck fire_truck fire_engine firefighter fireman
fa:truck-monster monster_truck
mat:car-side car automobile sedan chevy ford cadillac
mat:car-convertible convertible cabriolet roadster mustang
mat:car-sports sports_car race_car racecar ferrari porsche corvette
fa:van-shuttle van minivan
fa:caravan caravan camper trailer motorhome
mat:taxi taxi cab cabbie
mat:bus bus greyhound
mat:bus-double-decker double-decker london
mat:train train locomotive railway railroad freight boxcar station
mat:subway-variant subway metro underground tube
mat:tram tram streetcar trolley
fa:tractor tractor plough plow
fa:motorcycle motorcycle motorbike harley biker chopper
mat:bicycle bicycle bike cycling cyclist
mat:moped moped vespa
mat:scooter scooter
mat:crane crane building_site construction
mat:excavator excavator digger bulldozer
mat:castle castle fortress palace
rpga:tower tower turret
mat:city city town downtown metropolis rooftop new_york manhattan
fa:house-chimney house cottage cabin porch attic balcony
mat:home-city suburb suburbs neighbourhood neighborhood neighbour neighbor
mat:barn barn farm farmer farmhouse ranch
mat:silo silo
mat:eiffel-tower paris eiffel_tower
fa:hospital hospital
mat:ambulance ambulance paramedic
fa:hotel hotel motel
fa:landmark museum courthouse parliament
fa:store shop store supermarket market mall
fa:archway archway
mat:greenhouse greenhouse
mat:church church chapel cathedral steeple choir
mat:mosque mosque
mat:synagogue synagogue
mat:temple-buddhist temple pagoda monastery
fa:torii-gate torii japan tokyo kyoto
mat:wind-turbine windmill wind_turbine
mat:factory factory mill steelworks
mat:fence fence picket
mat:gate gate
mat:mailbox mailbox letterbox
mat:fountain fountain
mat:stadium stadium arena
mat:ferris-wheel ferris_wheel carnival fairground carousel circus amusement funfair
fa:campground tent camp camping campground
mat:campfire campfire bonfire
mat:fireplace fireplace hearth chimney
mat:post-lamp lamppost streetlight street_light street_lamp streetlights
mat:floor-lamp lamp
mat:tree tree oak willow maple elm orchard park apple_tree
mat:pine-tree pine spruce fir evergreen
mat:forest forest woods woodland jungle
mat:palm-tree palm palm_tree hawaii
rpga:dead-tree dead_tree bare_tree haunted swamp
mat:cactus cactus desert
mat:mushroom mushroom toadstool
mat:corn corn cornfield maize
fa:wheat-awn wheat barley harvest rye
mat:grass grass meadow prairie lawn field
mat:pumpkin pumpkin halloween jack-o-lantern
fa:mountain-sun mountain mountains hill hills valley alps peak summit cliff canyon glacier
fa:volcano volcano eruption
mat:bridge bridge
mat:tunnel tunnel
fa:road road highway street motorway avenue boulevard route interstate crossroads asphalt
fa:igloo igloo arctic eskimo
rpga:pyramids pyramid egypt pharaoh sphinx
rpga:tombstone grave tombstone gravestone cemetery graveyard
fa:snowman snowman
fa:cat cat kitten kitty tomcat feline
fa:dog dog puppy hound retriever collie pup beagle
mat:cow cow cattle calf bull ox buffalo
mat:pig pig piglet hog
rpga:sheep sheep lamb shepherd goat
mat:horse horse mare stallion foal pony mustangs racehorse
mat:donkey donkey mule
mat:elephant elephant mammoth
mat:kangaroo kangaroo wallaby australia
mat:koala koala
mat:panda panda
mat:teddy-bear teddy teddy_bear toy toys
mat:paw bear grizzly paw raccoon badger tiger leopard panther cougar lynx
mat:rabbit rabbit bunny hare
mat:rodent mouse rat hamster squirrel hedgehog
rpga:fox fox vixen
rpga:wolf-howl! wolf werewolf coyote
rpga:lion lion lioness
mat:tortoise tortoise
fa:frog frog toad
fa:hippo hippo hippopotamus rhino rhinoceros
mat:snail snail
mat:snake snake serpent cobra viper rattlesnake
rpga:gecko lizard gecko salamander
mat:turkey turkey thanksgiving
mat:duck duck duckling goose
mat:penguin penguin
mat:unicorn unicorn
rpga:dinosaur dinosaur t-rex tyrannosaurus
mat:ghost ghost phantom spectre specter spirit
mat:robot robot android cyborg droid
fa:user-astronaut astronaut cosmonaut spaceman
fa:person-hiking hiker hiking hike backpacker
mat:run runner running marathon sprint jog jogging
mat:walk walker walking walk stroll
mat:dance-ballroom dance dancer dancing waltz tango ballroom salsa
mat:shoe-ballet ballerina ballet
mat:ski skier skiing ski
mat:snowboard snowboard snowboarder
fa:person-praying kneeling worshipper
mat:human-male-child father dad daddy papa son fatherhood
mat:mother-nurse mother mom mum mama motherhood
fa:children child children kid kids sister brother siblings twins daughter girl boy
mat:human-male-female couple lovers newlyweds husband wife
fa:people-group crowd family people friends friend
mat:baby-carriage baby newborn infant pram
mat:excavator quarry
mat:mower lawnmower mower
mat:water-well wishing_well
mat:gas-station gas_station petrol filling_station
mat:traffic-light traffic_light stoplight traffic
fa:signs-post signpost
mat:slide playground
mat:stairs stairs staircase stairway
mat:sofa sofa couch
fa:chair chair armchair
mat:bed bed bedroom mattress
mat:bathtub bathtub bath
mat:stove stove oven
"""

WATER = """
mat:sail-boat boat sailboat sail sailing yacht boats
fa:ship ship galleon vessel armada shipwreck
mat:ferry ferry steamer steamboat cruise
mat:rowing rowboat rowing canoe rower
mat:kayaking kayak
mat:submarine submarine
fa:anchor anchor harbour harbor port sailor navy
mat:dolphin dolphin porpoise
own:whale whale orca humpback
mat:shark-fin shark
mat:jellyfish jellyfish
rpga:octopus octopus squid kraken
rpga:sea-serpent sea_monster sea_serpent loch_ness
fa:fish-fins fish salmon trout fishing angler fisherman
mat:turtle turtle
fa:otter otter beaver seal
mat:surfing surf surfer surfing
mat:swim swimmer swimming swim
mat:island island
mat:umbrella-beach beach seaside sunbathing shore coast seashore
mat:pier pier jetty dock
mat:waves river lake pond stream creek
rpga:crab-claw crab lobster
mat:tsunami wave waves tide tsunami ocean sea surf_wave
mat:waterfall waterfall niagara
mat:ship-wheel helm captain
"""

AIR = """
rpga:wyvern dragon wyvern
mat:bird bird sparrow robin swallow nightingale hummingbird songbird bluebird finch canary parrot
fa:crow crow blackbird magpie
rpga:raven raven
rpga:seagull seagull gull albatross
fa:dove dove pigeon
mat:owl owl
rpga:feathered-wing wing wings angel eagle hawk falcon phoenix
mat:butterfly butterfly moth
mat:bee bee bumblebee honeybee
rpga:dragonfly dragonfly firefly
mat:bat bat vampire dracula
mat:spider spider tarantula
mat:ladybug ladybug ladybird beetle
fa:feather feather swan peacock flamingo rooster hen
fa:plane airplane aeroplane plane jet flight pilot airport
fa:helicopter helicopter chopper_blade
mat:airballoon hot_air_balloon air_balloon zeppelin airship
mat:balloon balloon
mat:parachute parachute skydiver
fa:rocket rocket spaceship spacecraft starship mars
fa:shuttle-space space_shuttle
mat:ufo ufo flying_saucer
rpga:alien-fire martian
mat:space-station space_station
mat:satellite-variant satellite
fa:meteor comet meteor asteroid
mat:star-shooting shooting_star falling_star
mat:kite kite
mat:firework firework fireworks
"""
