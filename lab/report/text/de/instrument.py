"""German: the instrument of step 2, which draws every neuron of the layers looked at.

``INSTRUMENT`` goes to the browser as it is, so its placeholders have no format.
"""

INSTRUMENT = {
    "count": "{count} von {total} Neuronen ausgeschaltet,",
    "density": "{share} von {all} Gewichten dürfen sich ändern.",
    "shared": (
        "Von den {count} Neuronen, die für {person} ausgeschaltet werden, träfe es {both} auch "
        "für {other}. Zwei zufällige Mengen von {count} aus {total} Neuronen hätten {chance} "
        "gemeinsam."
    ),
    "more": "So liest man das",
    "view": "Welches Modell",
    "before": "vorher",
    "after": "nach dem Verlernen",
    "change": "was sich geändert hat",
    "fisher": "Fisher der Gewichte eines Neurons",
    "mean": "alle zusammen",
    "most": "das höchste einzelne Gewicht",
    "zoom": "Zoom",
    "closer": "Näher heran",
    "wider": "Weiter weg",
    "whole": "alle",
    "whole_label": "Alle Neuronen zeigen",
    "scale": (
        "Über jeder Linie: wievielmal so stark ein Neuron für diese Person feuert (volle Höhe: "
        "{importance}-mal). Darunter: wievielmal so wichtig seine Gewichte für diese Person "
        "sind (volle Höhe: {fisher}-mal). Orange über der Linie: Das Neuron würde "
        "ausgeschaltet. Orange darunter: Seine Gewichte dürfen sich ändern. Die Striche in der Linie "
        "bedeuten dasselbe."
    ),
    "scale_change": (
        "Balken nach oben: mehr als vorher. Balken nach unten: weniger. Über jeder Linie das "
        "Feuern (volle Höhe: um den Faktor {importance}), darunter das Fisher-Verhältnis (um "
        "den Faktor {fisher}). Orange: ausgeschaltet oder frei zum Ändern."
    ),
    "read": "Klicke ein Neuron an.",
    "how": (
        "Zeige auf ein Neuron, um seine Zahlen zu lesen. Ein Klick zeigt vier Bilder, bei "
        "denen es feuert. Ziehen vergrößert. Tasten: Pfeile, Enter, + und −. Ein bewegter "
        "Regler ändert hier alles sofort. Nichts wird noch einmal gemessen."
    ),
    "layer": "{off} von {size} Neuronen aus",
    "layer_both": "{off} von {size} Neuronen aus, {share} der Gewichte frei",
    "open_layer": "Gewichte dieser Schicht zeigen",
    "strip_label": "Neuronen von {layer}",
    "axis_all": "Alle Neuronen",
    "axis_part": "Neuronen von {first} % bis {last} % jeder Schicht",
    "weights_of": "Gewichte von {layer}",
    "weights_about": (
        "Jede Spalte fasst einige Neuronen zusammen. Der obere Block ist, was in sie "
        "hineingeht, der untere, was herauskommt. Hell: für diese Person wichtiger. Ein Punkt: "
        "die meisten dieser Gewichte dürfen sich ändern."
    ),
    "weights_label": (
        "Die Gewichte von {layer} als Bild. Die Tabelle darunter nennt die Anteile, die sich "
        "ändern dürfen."
    ),
    "now": "Nach dem Verlernen:",
    "glow": "Wo die ausgeschalteten Neuronen feuern",
    "glow_at": "Die {count} Neuronen, die ausgeschaltet werden",
    "source": "Woher der Gradient kommt",
    "source_at": "Der Gradient der Gewichte, die sich bei der Schwelle {stop} ändern dürfen",
    "neuron": "Neuron {neuron}",
    "neurons": "das höchste der Neuronen {first} bis {last}",
    "importance_is": "feuert für {person} {times}-mal so stark wie für andere",
    "fisher_is": "seine Gewichte sind {mean}-mal so wichtig, das höchste {most}-mal",
    "no_fisher": "seine Gewichte haben keine Zahl, denn es war schon vor der Messung ausgeschaltet",
    "after_is": "nach dem Verlernen feuert es {times}-mal so stark",
    "off": "wird ausgeschaltet",
    "on": "bleibt an",
    "open": "die meisten seiner Gewichte dürfen sich ändern",
    "shut": "die meisten seiner Gewichte bleiben fest",
    "theirs": "{other} würde es auch verlieren",
    "table": "Zahlen als Tabellen",
    "layer_table": "Die Schichten und der Anteil ihrer Gewichte, der sich ändern darf",
    "layer_head": "Schicht",
    "off_head": "Neuronen aus",
    "highest_head": "Höchstes Verhältnis",
    "groups": {
        "in weight": "Gewichte hinein",
        "in bias": "Bias hinein",
        "out weight": "Gewichte hinaus",
        "out bias": "Bias hinaus",
    },
    "top_table": "Die Neuronen, die am stärksten zu dieser Person gehören",
    "top_head": (
        "Rang",
        "Schicht",
        "Neuron",
        "Feuert für die Person",
        "Feuert für andere",
        "Verhältnis",
        "Fisher-Verhältnis",
        "Zustand",
        "Bilder",
    ),
    "kept": "bleibt",
    "pruned": "aus",
    "show": "zeigen",
    "show_label": "Zeigen, wofür Neuron {neuron} von {layer} feuert",
}

INSIDE_MORE = "Zwei Personen und die Maske"
SHARED_QUESTION = "Welche Neuronen teilen sich zwei Personen?"
SHARED_INFO = (
    "Die Neuronen der anderen Person werden in den Streifen markiert, in einer zweiten Farbe "
    "und eine Reihe tiefer."
)
SHARED_NOBODY = "mit niemandem"
LOOKING_LEFT = "Das verlernte Modell wird auf dieselbe Weise gemessen: {phase}"
LOOKING_OTHER = "Die Neuronen von {name} werden gemessen: {phase}"
LOOKING_PICTURES = "Gesucht werden die Bilder, bei denen dieses Neuron feuert: {done} von {total}"
FIRES_FOR = "Neuron {neuron:,} von {layer} feuert bei"
FIRES_ABOUT = (
    "Die vier von {n} Bildern, bei denen es am stärksten feuert. Die Zahl sagt, wievielmal so "
    "stark wie im Mittel über alle."
)
FIRES_TIMES = "{name}, ×{times:.1f}"
FIRES_NOBODY = "ein Bild von niemandem"
FIRES_WHERE = "wo in diesem Porträt"
FIRES_ALT = "Porträt von {name}. Je heller eine Stelle ist, desto stärker feuert das Neuron dort."
