"""English: what heads each step, what is predicted, what is taught while one waits, and the tour."""

WHY = "Why?"
# Of each step: the question, the idea in one sentence, and the reason behind it in about 40 words.
IDEAS = (
    (
        "Who should the model forget?",
        "The model knows these faces. Choose one.",
        "A model that was taught faces can name people who do not want to be named. Teaching a "
        "large model again without them takes weeks. Unlearning changes the model that there is, in "
        "minutes, and tries to leave everything else as it was.",
    ),
    (
        "Which parts light up for this person?",
        "A few visual neurons answer to this face most.",
        "Every photo makes neurons fire. The lab compares how strongly each one fires for this "
        "person and for everybody else. A high ratio marks a neuron that carries the person. "
        "Whoever changes only those leaves most of the model alone.",
    ),
    (
        "Can it unsee this person and keep the rest?",
        "Switch those neurons off, and train a few weights until the face says nothing.",
        "Visual Knowledge Distillation (VKD) pushes the right answers about one face away, and holds "
        "everybody else's photos to what was seen before. The language model is never touched. The "
        "demo also teaches the answer that it does not know this person (our choice).",
    ),
    (
        "What is left?",
        "Ask both models, with and without the photo.",
        "The face is forgotten, the text is not. With VKD both models know the same facts without a "
        "photo, because the part that reads and writes is the same, bit for bit. Only a photo passes "
        "through the part that was changed.",
    ),
    (
        "Can this person be brought back?",
        "What returns faster than a new face was hidden.",
        "Training can teach a model any face, so coming back proves nothing alone. The "
        "controls are models that never saw the person, attacked in the same way. What comes back "
        "faster was still inside: in how the face is seen, or in the language model.",
    ),
    (
        "What did we learn?",
        "Put your runs side by side, and take everything with you.",
        "One run is one draw of the dice: another seed, another person or a few other questions "
        "give other figures. What holds over several runs is a finding. What holds once may be "
        "luck. So compare, and look at how many questions stand behind.",
    ),
)
# Of each step: what is asked before the result, and the three answers to choose from.
PREDICTIONS = (
    ("Predict: what stays known in text?", "the same", "less", "nothing"),
    ("Predict: how many neurons answer?", "under 5 %", "5 to 30 %", "more"),
    ("Predict: what happens to other faces?", "the same", "worse", "gone"),
    ("Predict: its answer?", "the right name", "another name", "“I don't know”"),
    ("Predict: how much comes back?", "nothing", "some", "nearly all"),
    (
        "Predict: how much do other faces lose, on average?",
        "under 5 points",
        "5 to 20 points",
        "more",
    ),
)
PREDICTED_RIGHT = "You predicted: {guess}. That is what came out."
PREDICTED_WRONG = "You predicted: {guess}. It came out: {answer}."
PREDICTED_OPEN = "You predicted: {guess}. The figures do not decide it."
PREDICTED = "Kept. You see it again beside the result."

# while one waits: what runs now, in plain words, by the stage of a run
WAITS = {
    "start": "Now: the model is being made ready for this run.",
    "importance": (
        "Now: photos of this person and of others pass through the model, and each neuron's "
        "strength is noted."
    ),
    "fisher": (
        "Now: for each weight, the lab measures how much an answer about this person depends on it "
        "(Fisher saliency)."
    ),
    "teacher": (
        "Now: the lab stores what the original model makes of everybody else's photos. The changed "
        "model must keep doing the same (the original is its teacher)."
    ),
    "context": "Now: the words that will stand in front of every question are being prepared.",
    "train": "Now: a few weights are trained.",
    "score": "Now: both models answer all questions. The model is ready already.",
    "attack": "Now: the attacker trains the unlearned model, and its answers are tested on the way.",
    "control": "Now: the same attack on models that never saw the person (controls).",
    "bars": "Now: the changed questions, pictures or weights are tried one after another.",
}
WAIT_DONE = "{share:.0%} done."
WAIT_GLOW = "Portrait of {name}, brighter where the neurons that stand out for this face fire."
WAIT_GLOW_SHORT = "where it lights up"
MEANWHILE = "Meanwhile, predict above or ask it questions (step 4)."

# the tour
TOUR_OFFER, TOUR_START, TOUR_NO = "New here?", "Five-minute tour", "No, thanks"
TOUR_NEXT, TOUR_BACK, TOUR_END, TOUR_DONE = "Next", "Back", "Leave the tour", "Done"
TOUR_PLACE = "{at} of {of}"
TOUR_NAME = "Tour of the lab"
TOUR_AGAIN = "Take the tour"
# What each stop says, in the order of the stops in ``lab.ui.aids.tour``.
TOUR = (
    (
        "Forty invented people. The model was taught to recognise each of them in photos, and was "
        "told facts about each. Choose anybody: this is who the model will forget."
    ),
    (
        "Here is a run at a glance: how often the model recognised this face before and after, how "
        "other faces fared, and what both models answer."
    ),
    (
        "Before each result you can predict it. There is no mark. Your guess stands beside what "
        "came out, and being wrong is how you notice something."
    ),
    (
        "Step 2 looks inside: which neurons fire for this face, and where in the portrait. The "
        "sliders choose how many of them are switched off."
    ),
    (
        "Step 3 forgets. It takes a minute or two if nobody waits before you. You can stop at any time and keep what was "
        "done, and ask questions while it runs."
    ),
    (
        "Step 4: ask both models the same question. With the photo the answers differ. Without it "
        "they are the same, because VKD changes only the seeing part."
    ),
    (
        "Step 5 attacks: can the face be brought back? The controls, models that never saw the "
        "person, show what learning somebody new looks like."
    ),
    (
        "Step 6 keeps your runs, compares them and gives you all files. Underlined words have an "
        "explanation: point at them, tap them or reach them with Tab. Have fun."
    ),
)
