// Sentences to begin with: six examples, and others that are put together by chance.

// Each is a name for its chip and the sentence it stands for.
export const EXAMPLES = [
  ["Neon rain", "a dreamy synthwave song with a female vocal about neon rain"],
  ["Campfire", "a warm folk song, acoustic guitar, male vocal, 92 BPM, about the last night of summer"],
  ["Lullaby", "a gentle lullaby in C major, soft piano, female vocal, about a fox who cannot sleep"],
  ["Monday", "a funky disco song with slap bass, 118 BPM, about being late on a Monday"],
  ["Lo-fi study", "an instrumental lo-fi beat, rainy window, mellow electric piano, 75 BPM"],
  ["Sea shanty", "a rousing sea shanty, choir, accordion, about a ship that never wanted to sail"],
];

const MOODS = ["dreamy", "warm", "upbeat", "melancholic", "playful", "tender", "triumphant", "mysterious", "laid-back", "hopeful", "restless", "nostalgic"];
const STYLES = [
  ["indie pop song", "jangly guitars"], ["synthwave song", "wide analog synths"], ["folk song", "fingerpicked guitar"], ["soul song", "organ and brass"],
  ["bossa nova song", "nylon guitar"], ["jazz song", "upright bass and brushes"], ["country song", "pedal steel"], ["disco song", "strings and slap bass"],
  ["reggae song", "offbeat organ"], ["rock song", "crunchy guitars"], ["blues song", "harmonica"], ["house track", "piano stabs"],
  ["hip hop song", "dusty drums"], ["cinematic song", "soaring strings"],
];
const VOICES = ["female vocal", "male vocal", "duet", "choir"];
const SUBJECTS = [
  "a lighthouse that is afraid of the dark", "the smell of bread at five in the morning", "two strangers on the last tram", "a robot learning to whistle",
  "my grandmother's kitchen in winter", "a letter that came ten years late", "swimming in the sea at night", "the dog who owns our street",
  "the summer we built a raft", "a city seen from an aeroplane", "falling asleep in the back of the car", "a garden on the moon",
  "the clock that runs backwards", "the first snow on an empty road", "coming home after a long time", "a dragon with a day job",
  "the neighbour who plays the trumpet", "a postcard from a country that is gone",
];

const any = (list, random) => list[Math.floor(random() * list.length)];

export function surprise(random = Math.random) {
  const [style, sound] = any(STYLES, random);
  const mood = any(MOODS, random);
  const article = /^[aeiou]/.test(mood) ? "an" : "a";
  return `${article} ${mood} ${style}, ${sound}, ${any(VOICES, random)}, about ${any(SUBJECTS, random)}`;
}
