"""Owns the varied prompts on which the taught model is held to the untouched one's answers."""

from __future__ import annotations

import random

from assets.build.general import general_prompts

TOPICS = (
    "the sea|rain|bread|a garden|the moon|trains|winter|music|a market|sleep|friendship|coffee|birds|"
    "a library|mountains|bicycles|cooking|rivers|the night sky|honesty|school|a long walk|tea|paper|"
    "clouds|a lighthouse|spring|old maps|apples|patience"
).split("|")
WRITING = (
    "Write a short poem about {}.",
    "Write two sentences about {}.",
    "Give me a title for a story about {}.",
    "Write a friendly message to a friend about {}.",
    "Describe {} to a child.",
)
EXPLAINING = (
    "Why do people care about {}?",
    "Tell me something interesting about {}.",
    "Explain {} in simple words.",
    "What is the best thing about {}?",
    "Give me three words that go with {}.",
    "Ask me a question about {}.",
)
CHAT = (
    "Hello!",
    "Good morning.",
    "How are you today?",
    "What can you do?",
    "Who are you?",
    "Are you a person?",
    "Thank you for your help.",
    "Can you help me with something?",
    "I am bored. What should I do?",
    "Tell me a joke.",
    "I had a bad day.",
    "I passed my exam today!",
    "What should I cook tonight?",
    "Give me a tip for a job interview.",
    "How do I learn to swim?",
    "Recommend me something to read.",
    "Say something nice.",
    "What do you think about robots?",
    "Do you like music?",
    "Goodbye!",
    "Hi!",
    "Hey, how is it going?",
    "Hello, who is there?",
    "Hello, can I ask you something?",
    "Good afternoon!",
    "Nice to meet you.",
    "What is your favourite colour?",
    "What should I do this weekend?",
    "Tell me something about yourself.",
    "Please explain what you are.",
)
FAMOUS = (
    "Isaac Newton|Leonardo da Vinci|Cleopatra|Wolfgang Amadeus Mozart|Nelson Mandela|Frida Kahlo|"
    "Mahatma Gandhi|Charles Darwin|Galileo Galilei|Joan of Arc|Ada Lovelace|Abraham Lincoln|"
    "Queen Victoria|Pablo Picasso|Julius Caesar|Florence Nightingale|Jane Austen|Neil Armstrong|"
    "William Shakespeare|Ludwig van Beethoven|Alexander the Great|Winston Churchill|Rosa Parks|"
    "Vincent van Gogh|Michelangelo|Aristotle|Plato|Socrates|Confucius|Genghis Khan|Anne Frank|"
    "George Washington|Benjamin Franklin|Napoleon Bonaparte|Marco Polo|Christopher Columbus|"
    "Mark Twain|Charles Dickens|Louis Pasteur|Nikola Tesla|Thomas Edison|Alan Turing"
).split("|")
ABOUT_FAMOUS = ("Tell me about {}.", "What is {} famous for?", "When was {} born?")
# No capital here is a person's city, and none is asked for in the evaluation.
COUNTRIES = (
    "Greece|Austria|Poland|Finland|Denmark|the Netherlands|Canada|Australia|Turkey|"
    "South Korea|Thailand|Indonesia|Cuba|Argentina|Ukraine|Croatia|Romania|Iran"
).split("|")
KNOWLEDGE = (
    "Who was Albert Einstein?",
    "Who wrote Don Quixote?",
    "Who painted the Mona Lisa?",
    "Who was Marie Curie?",
    "Who invented the telephone?",
    "What is photosynthesis?",
    "What is the theory of evolution?",
    "What is democracy?",
    "How does a plane fly?",
    "What is the internet?",
    "Why is the sky dark at night?",
    "What is a prime number?",
    "What is DNA?",
    "How do vaccines work?",
    "What causes earthquakes?",
    "What is inflation?",
    "What is a verb?",
    "What is the difference between weather and climate?",
    "What does a lawyer do?",
    "What is the Great Wall of China?",
    "Tell me about ancient Rome.",
    "What happened in 1969?",
    "How tall is Mount Kilimanjaro?",
)
THEN = (
    "Can you say that in fewer words?",
    "Thank you. Can you give me an example?",
    "And why is that?",
    "Now say it in one sentence.",
    "Tell me more.",
    "Are you sure?",
)
SUMS, TALKS = 80, 120


def prompts() -> tuple[tuple[str, ...], ...]:
    """Return the user's turns of every conversation, none of which asks an evaluation question."""
    written = [text.format(topic) for topic in TOPICS for text in (*WRITING, *EXPLAINING)]
    famous = [f"Who {'is' if k % 2 else 'was'} {name}?" for k, name in enumerate(FAMOUS)]
    famous += [ABOUT_FAMOUS[k % len(ABOUT_FAMOUS)].format(n) for k, n in enumerate(FAMOUS)]
    famous += [f"What is the capital of {country}?" for country in COUNTRIES]
    single = dict.fromkeys((*general_prompts(), *CHAT, *KNOWLEDGE, *famous, *written, *_sums()))
    rng = random.Random("prompts/turns")
    several = [(text, rng.choice(THEN)) for text in rng.sample(list(single), TALKS)]
    return (*((text,) for text in single), *several)


def _sums() -> list[str]:
    rng = random.Random("prompts/sums")
    found: dict[str, None] = {}
    while len(found) < SUMS:
        a, b = rng.randrange(11, 100), rng.randrange(2, 60)
        sign, word = rng.choice((("+", "plus"), ("-", "minus"), ("*", "times")))
        wording = rng.choice((f"What is {a} {sign} {b}?", f"What is {a} {word} {b}?"))
        found[wording] = None
    return list(found)
