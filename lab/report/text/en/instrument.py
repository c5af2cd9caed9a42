"""English: the instrument of step 2, which draws every neuron of the layers looked at.

``INSTRUMENT`` goes to the browser as it is, so its placeholders have no format.
"""

INSTRUMENT = {
    "count": "{count} of {total} neurons pruned,",
    "density": "{share} of {all} weights may change.",
    "shared": (
        "Of the {count} neurons pruned for {person}, {both} would be pruned for {other}, too. Two "
        "random sets of {count} from {total} neurons would share {chance}."
    ),
    "view": "Show the model",
    "before": "before",
    "after": "after unlearning",
    "change": "what changed",
    "fisher": "Fisher of a neuron's weights",
    "mean": "all of them together",
    "most": "the highest single weight",
    "zoom": "Zoom",
    "closer": "Zoom in",
    "wider": "Zoom out",
    "whole": "all",
    "more": "How to read this",
    "whole_label": "Show all neurons",
    "scale": (
        "Above each line: how many times as strongly a neuron fires for this person (full height: "
        "{importance} times). Below it: how many times as much its weights matter for this person "
        "(full height: {fisher} times). Orange above the line: the neuron would be "
        "switched off. Orange below it: its weights may change. The marks in the line mean the same."
    ),
    "scale_change": (
        "Bars up: more than before. Bars down: less. Above each line the firing (full height: by a "
        "factor of {importance}), below it the Fisher ratio (by a factor of {fisher}). Orange: "
        "pruned, or free to change."
    ),
    "read": "Click a neuron.",
    "how": (
        "Point at a neuron to read its figures, click it to see four pictures that it fires for, or "
        "drag to zoom. Keys: arrows, Enter, + and −. A moved slider changes everything here at "
        "once. Nothing is measured again."
    ),
    "layer": "{off} of {size} neurons pruned",
    "layer_both": "{off} of {size} neurons pruned, {share} of the weights may change",
    "open_layer": "Show this layer's weights",
    "strip_label": "Neurons of {layer}",
    "axis_all": "All neurons",
    "axis_part": "Neurons from {first}% to {last}% of each layer",
    "weights_of": "Weights of {layer}",
    "weights_about": (
        "Each column is a few neurons. The upper block is what goes into them, the lower one what "
        "comes out. Bright: matters more for this person. A dot: most of these weights may change."
    ),
    "weights_label": (
        "The weights of {layer} as a picture. The table below gives the shares that may change."
    ),
    "now": "After unlearning:",
    "glow": "Where the pruned neurons fire",
    "glow_at": "The {count} neurons that would be pruned",
    "source": "Where the gradient comes from",
    "source_at": "The gradient of the weights that may change at the threshold {stop}",
    "neuron": "neuron {neuron}",
    "neurons": "the highest of neurons {first} to {last}",
    "importance_is": "fires {times} times as strongly for {person} as for others",
    "fisher_is": "its weights matter {mean} times as much, the highest of them {most} times",
    "no_fisher": "its weights have no figure, because it was pruned before they were measured",
    "after_is": "after unlearning it fires {times} times as strongly",
    "off": "would be pruned",
    "on": "would stay",
    "open": "most of its weights may change",
    "shut": "most of its weights stay fixed",
    "theirs": "{other} would lose it, too",
    "table": "Numbers as tables",
    "layer_table": "The layers, and the share of their weights that may change",
    "layer_head": "Layer",
    "off_head": "Neurons pruned",
    "highest_head": "Highest ratio",
    "groups": {
        "in weight": "weights in",
        "in bias": "biases in",
        "out weight": "weights out",
        "out bias": "biases out",
    },
    "top_table": "The neurons that are most specific to this person",
    "top_head": (
        "Rank",
        "Layer",
        "Neuron",
        "Fires for person",
        "Fires for others",
        "Ratio",
        "Fisher ratio",
        "State",
        "Pictures",
    ),
    "kept": "kept",
    "pruned": "pruned",
    "show": "show",
    "show_label": "Show what neuron {neuron} of {layer} fires for",
}

INSIDE_MORE = "Two people, and the mask"
SHARED_QUESTION = "Which neurons do two people share?"
SHARED_INFO = (
    "The other person's neurons are marked in the strips, in a second colour and a lower row."
)
SHARED_NOBODY = "nobody else"
LOOKING_LEFT = "Measuring the unlearned model the same way: {phase}"
LOOKING_OTHER = "Measuring the neurons of {name}: {phase}"
LOOKING_PICTURES = "Looking for the pictures that this neuron fires for: {done} of {total}"
FIRES_FOR = "Neuron {neuron:,} of {layer} fires for"
FIRES_ABOUT = (
    "The four of {n} pictures for which it fires most strongly. A figure says how many times its "
    "mean over all of them."
)
FIRES_TIMES = "{name}, ×{times:.1f}"
FIRES_NOBODY = "a picture of nobody"
FIRES_WHERE = "where in this portrait"
FIRES_ALT = "Portrait of {name}. The brighter a place is, the more strongly the neuron fires there."
