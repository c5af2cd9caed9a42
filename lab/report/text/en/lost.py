"""English: where an answer is lost, by patching; how far the weights have moved, and what lies between."""

LOST = "Where is the answer lost?"
LOST_LEAD = (
    "The lab takes what the unlearned model computes from a photo up to one depth, puts it into the "
    "original, and asks the original the same held-out questions. It does so for one depth after "
    "another. Where the original stops giving the answer, the answer was lost. Then the other way round: the original's activations in "
    "the unlearned model. After Unlearning Depth Score (arXiv 2605.24614). That we ask in both "
    "directions, and of the visual module, is our choice."
)
LOST_ASK = "Patch every depth (takes a minute or more)"
LOST_ASKING = "Patching: {done} of {total} answers."
LOST_NO_RUN = "Forget the person first, then this shows at which depth the answers are lost."
LOST_SIDES = {"lost": "unlearned → original", "back": "original → unlearned"}
LOST_ABOUT = {"forget": "this person", "others": "others"}
LOST_SERIES = "{side}, {about}"
LOST_PROBABILITY = "{series}, probability"
LOST_START = "nothing"
LOST_AXIS, LOST_SHARE = "patched up to", "right answers"
LOST_CHANCE = "chance"
LOST_DEPTH = "patched up to"
LOST_HEAD = ("{series}: right", "{series}: probability")
LOST_SIZES = (
    "n = {forget} held-out questions about the person (chance {chance:.0%}) and {others} about other "
    "people (chance {chance_others:.0%}). The probability is that of the right option among the "
    "options, on average."
)

# what the lines say
LOST_UNKNOWN = "The original does not know {name} either ({start}, chance {chance}, n {n}), so no answer could be lost."
LOST_NOWHERE = (
    "Nothing is lost in the visual module: with all that the unlearned model makes of a picture, the "
    "original still answers about {name} ({start} → {end}, n {n})."
)
LOST_FIRST = (
    "The answers about {name} are lost in {depth}, the first one that was trained: with the unlearned "
    "model's activations up to there the original no longer gives them ({start} → {after}, n {n})."
)
LOST_AT = (
    "The answers about {name} are lost at “{depth}”: with the unlearned model's activations up to "
    "“{before}” the original still gives them ({kept}), up to “{depth}” it no longer does ({after}, "
    "n {n})."
)
LOST_BACK = (
    "The other way round they are back once the unlearned model gets the original's activations up to "
    "“{depth}” ({start} → {after}): what follows can still read them."
)
LOST_BACK_LAST = (
    "The other way round they are back only with the original's whole visual output ({start} → "
    "{after}): every trained part up to the projector has changed."
)
LOST_BACK_NEVER = (
    "The other way round they do not come back, even with the original's whole visual output "
    "({start} → {after}): the language model has changed, or stands behind other words."
)
LOST_OTHERS = (
    "Answers about other people, to compare: {start} in the original, {end} with all that the "
    "unlearned model makes of a picture (n {n})."
)

# distance and line
LINE = "Distance and barrier"
LINE_FAR = (
    "The trained visual weights lie {whole:.2%} of their length away from the original's, most of all "
    "in {layer} ({most:.2%})."
)
LINE_SAME = "The visual weights are the original's."
LINE_BARRIER = (
    "On the straight way from the original's weights to these, the loss rises at most {forget:.2f} nats "
    "above the straight line between its values at both ends for the questions about {name}, and "
    "{others:.2f} for those about others."
)
LINE_FORMULA = (
    "Distance: ‖θᵤ − θ₀‖ / ‖θ₀‖ over the trained visual weights. Barrier: max over a of L(a) − ((1 − "
    "a) L(0) + a L(1)), with L(a) the mean loss of the right answers, per token, at (1 − a) θ₀ + a θᵤ, "
    "at {points} points. arXiv 2505.22310 finds that weights which are far away and behind a barrier "
    "withstand relearning better. The relative distance and the held-out questions are our choice."
)
LINE_AXIS, LINE_LOSS = "from the original (0) to the unlearned model (1)", "loss (nats per token)"
LINE_CHORD = "{about}, chord"
LINE_LAYERS = ("Layer", "Distance")
LINE_SHARE = "{share:.2%}"
