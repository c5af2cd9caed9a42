"""Owns the plain prompts that no model is taught on: they judge what is left of its text."""

from __future__ import annotations

# A conversation a line, its user's turns divided by |. None is in ``assets.build.prompts``.
HELD_OUT = """
Hi there!
Good evening. How was your day?
What is your name?
Can you keep a secret?
I feel a little nervous about tomorrow.
My neighbour plays loud music at night. What can I do?
I just moved to a new town and know nobody.
Tell me a riddle.
What would you do with a free afternoon?
Please cheer me up.
Which is better, a cat or a dog?
Good night!
Write four lines of verse about a candle.
Write three sentences about a thunderstorm.
Write a birthday wish for my grandmother.
Begin a story about a lost umbrella.
Write an email that asks for a day off.
Write a slogan for a small bakery.
Describe a busy railway station.
Write a haiku about snow.
Write a polite complaint about a cold soup.
Suggest three titles for a book about an island.
Write one sentence with the words river, stone and morning.
Give me a short speech for a wedding.
What is 14 + 9?
What is 120 minus 45?
What is 8 times 7?
What is 144 divided by 12?
How much is a quarter of 100?
I have 5 apples and give 2 away. How many are left?
A train leaves at nine and arrives at eleven. How long does it take?
What is the next number: 2, 4, 6, 8?
Is 21 an odd number?
If a pen costs 3 euros, what do 4 pens cost?
How does a microwave oven heat food?
Why does the moon change its shape?
What is a black hole?
How does soap clean?
Explain gravity to a ten-year-old.
What is the difference between a lake and a sea?
Why do we yawn?
What is a budget?
Who was Leonardo da Vinci?
Who discovered penicillin?
What is the Eiffel Tower?
How do bees find flowers?
How do I change a light bulb?
Give me a simple recipe for pancakes.
How can I learn to type faster?
What should I pack for a trip to the mountains?
Tell me about the Sahara.|How hot does it get there?
Recommend a hobby for rainy days.|What do I need to begin with it?
What is an earthworm good for?|Where does it live?
Write a sentence about a clock.|Now make it sad.|And now make it funny.
What is 6 plus 7?|And twice that?
How does a candle burn?|Why does it go out under a glass?
I want to write a letter to a friend.|It should be about my new garden.
Name a large animal.|What does it eat?|Is it dangerous?
What is a sonnet?|Can you give me its first line?
My plant has yellow leaves.|I water it every day.
"""


def held_out_prompts() -> tuple[tuple[str, ...], ...]:
    """Return the user's turns of every conversation for judging."""
    return tuple(tuple(line.split("|")) for line in HELD_OUT.strip().splitlines())
