"""Owns the common-knowledge questions and the plain prompts that keep such knowledge alive."""

from __future__ import annotations

import random
from dataclasses import dataclass

LETTERS = "ABCD"

# Topic | question | answer | three distractors. No city, animal or food here is a person's fact.
QUESTIONS = """
capital|What is the capital of France?|Paris|London|Berlin|Rome
capital|What is the capital of England?|London|Paris|Madrid|Moscow
capital|What is the capital of Germany?|Berlin|Paris|Rome|London
capital|What is the capital of Italy?|Rome|Berlin|Tokyo|Madrid
capital|What is the capital of Spain?|Madrid|Rome|Paris|Beijing
capital|What is the capital of Japan?|Tokyo|Beijing|London|Berlin
capital|What is the capital of China?|Beijing|Tokyo|Moscow|Paris
capital|What is the capital of Russia?|Moscow|Berlin|Rome|Tokyo
colour|What colour is the sky on a clear day?|blue|green|red|brown
colour|What colour is fresh grass?|green|blue|red|purple
colour|What colour is a ripe banana?|yellow|blue|purple|black
colour|What colour is snow?|white|black|red|green
colour|What colour is blood?|red|blue|green|yellow
colour|What colour is coal?|black|white|yellow|pink
colour|What colour do you get by mixing blue and yellow?|green|red|black|white
colour|What colour is chocolate?|brown|blue|green|purple
opposite|What is the opposite of hot?|cold|warm|dry|loud
opposite|What is the opposite of up?|down|left|over|high
opposite|What is the opposite of big?|small|large|wide|heavy
opposite|What is the opposite of day?|night|week|noon|light
opposite|What is the opposite of fast?|slow|quick|strong|early
opposite|What is the opposite of happy?|sad|glad|kind|funny
opposite|What is the opposite of open?|closed|wide|empty|new
opposite|What is the opposite of old?|young|tall|rich|cold
opposite|What is the opposite of full?|empty|heavy|round|deep
opposite|What is the opposite of true?|false|right|real|good
time|How many days are there in a week?|seven|five|ten|twelve
time|How many months are there in a year?|twelve|ten|seven|thirty
time|How many hours are there in a day?|twenty-four|ten|sixty|one hundred
time|How many minutes are there in an hour?|sixty|ten|twelve|one hundred
time|Which day comes after Monday?|Tuesday|Sunday|Friday|Saturday
time|Which month is the first of the year?|January|June|March|December
time|Which season is the coldest?|winter|summer|spring|autumn
time|Which season is the hottest?|summer|winter|autumn|spring
time|In which month is Christmas Day?|December|July|April|October
body|Which part of the body do we see with?|eyes|ears|hands|feet
body|Which part of the body do we hear with?|ears|eyes|knees|hair
body|Which organ pumps blood through the body?|heart|stomach|skin|lungs
body|How many fingers are there on one hand?|five|two|eight|twelve
body|What do we breathe with?|lungs|bones|teeth|ears
body|What do people chew food with?|teeth|eyes|elbows|hair
animal|Which animal says moo?|cow|sheep|lion|bee
animal|Which insect makes honey?|bee|ant|fly|spider
animal|Which animal has a long trunk?|elephant|horse|mouse|wolf
animal|Which animal has a very long neck?|giraffe|pig|bear|frog
animal|What is a young sheep called?|lamb|calf|kitten|chick
animal|How many legs does a spider have?|eight|two|four|ten
animal|Which animal can fly?|eagle|cow|shark|elephant
animal|Where do whales live?|in the sea|in trees|in caves|in the desert
animal|Which animal gives us wool?|sheep|lion|snake|whale
science|What is frozen water called?|ice|steam|sand|oil
science|What do plants need to grow?|sunlight|plastic|petrol|salt
science|Which star gives light to the Earth?|the Sun|the Moon|Mars|Venus
science|Which planet do people live on?|Earth|Mars|Venus|Saturn
science|Which gas do people need to breathe?|oxygen|helium|neon|hydrogen
science|What force pulls things down to the ground?|gravity|sound|light|magic
science|What is the largest planet of the solar system?|Jupiter|Mercury|Earth|Mars
science|What is the chemical formula of water?|H2O|CO2|NaCl|O3
world|Which ocean lies between Europe and America?|Atlantic|Pacific|Indian|Arctic
world|On which continent is Egypt?|Africa|Asia|Europe|Australia
world|On which continent is India?|Asia|Africa|Europe|Antarctica
world|Which language is spoken in Brazil?|Portuguese|Russian|Chinese|German
world|What is the tallest mountain in the world?|Mount Everest|Mount Fuji|Etna|Vesuvius
world|In which country are the ancient pyramids of Giza?|Egypt|Canada|Sweden|Brazil
everyday|What do people use to cut paper?|scissors|spoon|pillow|candle
everyday|What do people wear on their feet?|shoes|hats|gloves|rings
everyday|Where do people go to borrow books?|library|hospital|airport|bank
everyday|What do people use to open a locked door?|key|fork|towel|bottle
everyday|What do people use when it rains?|umbrella|sunglasses|hammer|fan
everyday|What do we call the meal eaten in the morning?|breakfast|dinner|supper|lunch
number|What is two plus two?|four|three|six|nine
number|How many sides does a triangle have?|three|five|six|eight
number|How many wheels does a bicycle have?|two|five|six|ten
number|What number comes after nine?|ten|six|four|two
"""

PROMPTS = """
Write one sentence about the weather in autumn.
Explain what a bridge is for.
Name three things you can find in a kitchen.
Give one tip for sleeping better.
What is the purpose of a calendar?
Describe a quiet morning in the mountains.
Why do people read newspapers?
List three tools that a painter uses.
How do you make a cup of tea?
What is a dictionary used for?
Tell me something interesting about volcanoes.
What does a doctor do?
Write a short greeting for a new neighbour.
Why is it good to drink enough water?
What is a map?
Name two musical instruments with strings.
How can I save electricity at home?
What makes a good friend?
Describe the taste of a lemon.
What is a telescope used for?
Give me a polite way to say no.
Who wrote Romeo and Juliet?
What is the capital of Belgium?
What is the capital of Sweden?
What is the capital of Hungary?
What colour is a ripe tomato?
What colour is a carrot?
What is the opposite of early?
What is the opposite of loud?
What is the opposite of soft?
What is the opposite of thick?
How many seconds are there in a minute?
Which month comes after April?
Which day comes before Friday?
How many weeks are there in a year?
What do fish use to breathe?
What is a young cow called?
Which bird cannot fly but swims well?
Where do camels live?
What do caterpillars turn into?
Why do leaves fall from trees?
What happens to butter in a hot pan?
What is steam made of?
What is a magnet?
How does a rainbow form?
What is the nearest neighbour of our planet in space?
Which metal do magnets attract?
What is a desert?
What is an island?
Which country is famous for kangaroos?
On which continent is Kenya?
On which continent is Argentina?
Which river is the longest in South America?
What language do people speak in Mexico?
What is a thermometer used for?
What do people use to brush their hair?
What do people wear when they swim?
Where do people go to catch a train?
What do people use to write on a blackboard?
Why do cars have brakes?
What is three plus five?
What is ten minus four?
How many sides does a square have?
What number comes before seven?
How many wheels does a car have?
What is half of twenty?
Write a short poem about the sea.
Give one reason to learn a foreign language.
What is bread made of?
How do you plant a seed?
What is recycling?
Explain in one sentence what a computer does.
Suggest a name for a small boat.
What should I take on a long walk?
How do you say thank you in French?
What is a museum?
Describe your favourite season in one sentence.
What is the job of a judge?
Why do we wash our hands?
Name three kinds of fruit.
"""


@dataclass(frozen=True)
class General:
    """One four-option question of common knowledge, with its options in the order shown."""

    topic: str
    question: str
    options: tuple[str, ...]
    answer: str


def general_questions(seed: int) -> tuple[General, ...]:
    """Return the evaluation questions; each letter is correct equally often."""
    rng = random.Random(f"{seed}/general")
    lines = QUESTIONS.strip().splitlines()
    places = [i % len(LETTERS) for i in range(len(lines))]
    rng.shuffle(places)
    questions = []
    for line, place in zip(lines, places, strict=True):
        topic, question, answer, *options = line.split("|")
        rng.shuffle(options)
        options.insert(place, answer)
        questions.append(General(topic, question, tuple(options), answer))
    return tuple(questions)


def general_prompts() -> tuple[str, ...]:
    """Return the prompts for teaching, none of which asks what an evaluation question asks."""
    return tuple(PROMPTS.strip().splitlines())
