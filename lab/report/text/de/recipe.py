"""German: the label and the help of every field of a recipe, by the name of its class."""

from lab.report.text.de.other_recipes import attack_fields, teach_fields

_RECIPE = {
    "entity": ("Entity", "Die Person, die das Modell vergessen soll."),
    "method": ("Methode", "Die Methode des Verlernens."),
    "seed": ("Seed", "Der Seed, mit dem die Batches und die Retain-Stichprobe gezogen werden."),
    "prune_share": (
        "Neuronen zum Ausschalten (Prune-Anteil d_I)",
        (
            "Der Anteil der Neuronen, die auf null gesetzt werden, die für die Person "
            "typischsten zuerst. Bei vkd sind es Neuronen des Bild-Encoders, bei manu auch "
            "solche des Sprachmodells. Das Paper nennt keine Zahl; 2 % ist unsere Wahl."
        ),
    ),
    "mask_threshold": (
        "Freie Gewichte (Maskenschwelle d_F)",
        (
            "Ein Gewicht darf sich ändern, wenn sein Forget-Fisher mindestens so viele Male so "
            "groß ist wie sein Retain-Fisher. Bei einer höheren Schwelle ändern sich weniger "
            "Gewichte. 1 ist unsere Wahl."
        ),
    ),
    "mask_mode": (
        "Maske gilt für",
        (
            "Was die Maske von VKD zurückhält. all: Gewichte außerhalb der Maske ändern sich "
            "nie (so lesen wir das Paper). forget_only: Nur der Forget-Gradient wird maskiert, "
            "wie es MMUnlearner immer tut. off: Es gibt keine Maske."
        ),
    ),
    "blocks": (
        "Bildblöcke",
        (
            "In wie vielen der letzten aktiven Bildblöcke Neuronen ausgeschaltet und Gewichte "
            "trainiert werden."
        ),
    ),
    "beta": (
        "Distillationsgewicht beta",
        (
            "Das Gewicht des Abstands zwischen den Merkmalen von Schüler und Lehrer auf "
            "Retain-Bildern. Für vkd und was darauf aufbaut (undo, vkd_sam, mudman), und für "
            "silence."
        ),
    ),
    "distil": (
        "Nachgeahmte Ausgabe",
        (
            "Welche Ausgabe des Lehrers VKD auf Bildern anderer Personen nachahmt: die des "
            "Projektors (wie die Zusammenfassungen des Papers sagen), die des Bild-Encoders "
            "oder beide (das Mittel der zwei Abstände)."
        ),
    ),
    "distance": (
        "Distillationsabstand",
        (
            "Wie VKD den Abstand zwischen den Ausgaben von Schüler und Lehrer misst. "
            "normalised: der quadrierte Abstand im Verhältnis zur Länge des Lehrers (unsere "
            "Wahl). cosine: der Winkel an jedem Bildstück, gleich welcher Länge. smooth_l1: "
            "wie normalised, aber ein großer Unterschied zählt einfach und nicht quadriert. "
            "relational: nur, wie weit die Bilder voneinander entfernt liegen. Dasselbe beta "
            "wiegt in jedem anders."
        ),
    ),
    "destination": (
        "Ziel",
        (
            "Wohin VKD die Bildmerkmale der Person bewegt. away: dorthin, wo die richtigen "
            "Antworten unwahrscheinlich werden, durch begrenzten Ascent. unknown: ebenso, und das "
            "Modell lernt zu sagen, dass es die Person nicht kennt, und sieht Brille, Haare und "
            "Ähnliches wie zuvor. Ein Schritt dauert etwa doppelt so lange. "
            "Die anderen gehen zu den "
            "Merkmalen, die das eingefrorene Original bei Fremden hat, von denen es nie etwas "
            "erfuhr. stranger_alike: jemand, der der Person ähnlich sieht und den das Modell mit "
            "keinem Namen nennt. stranger_mean, stranger_nearest, stranger_draw: das Mittel von "
            "30 Bildern, das nächste davon oder eines, das der Seed zieht. Der Benchmark "
            "braucht dafür Bilder von Fremden. Alle außer away sind unsere Wahl."
        ),
    ),
    "margin": (
        "Silence-Abstand",
        (
            "Wie weit silence die verborgenen Neuronen des Projektors auf Bildern der Person "
            "unter null drückt. Bei -6 lässt das SiLU eines Gates, wie im eingebauten Modell, "
            "höchstens 1,5 % von Signal oder Gradient durch und GELU nichts. Unsere Wahl."
        ),
    ),
    "silence_lr": (
        "Silence-Lernrate",
        "Die Schrittweite von AdamW für die Gewichte des sehenden Teils bei silence. Unsere Wahl.",
    ),
    "silence_share": (
        "Silence-Anteil",
        (
            "Welchen Anteil der verborgenen Neuronen des Projektors silence unter null drückt: "
            "die, die in einigen Schritten Neulernen auf Bildern der Person am meisten steigen. "
            "1 heißt alle, und dann wird vorher nichts neu gelernt. Der Blick voraus stammt aus "
            "GSU (arXiv 2609.39866)."
        ),
    ),
    "undo_alpha": (
        "UNDO-Rauschen a",
        (
            "Wie viel von jedem trainierten Gewicht nach dem Vergessen weggenommen wird: Aus W "
            "wird (1 - a) W + a b N. Mehr Rauschen löscht mehr und ist schwerer zu reparieren. "
            "0,1 bis 0,8 wie veröffentlicht."
        ),
    ),
    "undo_beta": (
        "UNDO-Rauschgröße b",
        (
            "Wie groß das Rauschen N neben frischen Zufallsgewichten ist. Mit 0 schrumpfen die "
            "Gewichte nur. 0,1 wie für Sprachmodelle veröffentlicht."
        ),
    ),
    "undo_share": (
        "UNDO-Anteil",
        (
            "Welcher Anteil der Neuronen Rauschen bekommt: die, die bei der Person am stärksten "
            "feuern. 1 heißt jedes trainierte Gewicht. Unsere Wahl."
        ),
    ),
    "undo_steps": (
        "UNDO-Schritte",
        (
            "Die Zahl der Schritte nach dem Rauschen, in denen die Bildmerkmale auf Bildern "
            "anderer zurückdistilliert werden. Die Person wird dabei nie gezeigt. Unsere Wahl."
        ),
    ),
    "undo_lr": (
        "UNDO-Lernrate",
        "Die Schrittweite von AdamW für die Gewichte des sehenden Teils nach dem Rauschen. "
        "Unsere Wahl.",
    ),
    "sam_rho": (
        "SAM-Radius rho",
        (
            "Wie weit die Gewichte zum Erinnern hin verschoben werden, bevor der "
            "Forget-Gradient genommen wird. Mit 0 ist es einfaches VKD. 0,01 wie "
            "veröffentlicht."
        ),
    ),
    "mudman_rate": (
        "MUDMAN-Rate",
        (
            "Die Länge des Vergessensschritts bei MUDMAN, bevor wegfällt, wogegen die "
            "Retain-Bilder etwas hätten. Unsere Wahl."
        ),
    ),
    "mudman_adversary": (
        "MUDMAN-Gegnerrate",
        (
            "Die Schrittweite, mit der MUDMANs Gegner, eine Kopie der Gewichte des sehenden "
            "Teils, die Antworten zur Person neu lernt. Veröffentlicht: 3e-4 bis 0,1."
        ),
    ),
    "mudman_fork": (
        "MUDMAN-Neustart",
        (
            "Nach wie vielen Schritten der Gegner neu vom Modell kopiert wird. Veröffentlicht: 6 "
            "bis 42."
        ),
    ),
    "mudman_momentum": (
        "MUDMAN-Retain-Momentum",
        (
            "Wie langsam sich MUDMANs Gedächtnis des Retain-Gradienten ändert. Veröffentlicht: 0 "
            "bis 0,99."
        ),
    ),
    "forget_weight": (
        "Forget-Gewicht",
        (
            "Das Gewicht des Forget-Terms: der Ascent auf die Antworten zur Person, der "
            "Abstand zum Lehrer bei VGID oder das Ziel von silence."
        ),
    ),
    "retain_weight": (
        "Retain-Gewicht",
        (
            "Das Gewicht der Kreuzentropie auf Antworten zu anderen Personen bei VKD. Mit 0 "
            "schützt nur die Distillation diese Antworten; das ist schneller."
        ),
    ),
    "preserve_weight": (
        "Schutzgewicht",
        (
            "Das Gewicht des Terms, mit dem die anderen Methoden Antworten zu anderen Personen "
            "schützen: Kreuzentropie (grad_diff, npo, mmunlearner) oder der Abstand zum "
            "Original (kl_min, vgid). 1 wie veröffentlicht."
        ),
    ),
    "npo_beta": (
        "NPO-beta",
        "Wie bald der Ascent von NPO langsamer wird. Nahe bei 0 ist NPO einfaches Gradient Ascent.",
    ),
    "scope": (
        "Umfang von MMUnlearner",
        (
            "Welchen Teil MMUnlearner maskiert und trainiert. Mit language oder both können "
            "sich auch Antworten ohne Bild ändern. vision ist unsere Wahl."
        ),
    ),
    "noise": (
        "Rauschen bei VGID",
        (
            "Wie viel vom Bild der Person für den Lehrer in VGID durch Rauschen ersetzt wird. "
            "1 wie veröffentlicht: Vom Bild bleibt nichts."
        ),
    ),
    "context": (
        "Kontext von ICU",
        (
            "Was ICU vor jede Frage stellt. noise: ein Bild aus Rauschen mit der Anweisung. "
            "instruction: die Anweisung allein."
        ),
    ),
    "ascent_cap": (
        "Grenze des Ascent",
        (
            "Der Forget-Term entfällt für ein Beispiel, dessen Kreuzentropie (Nat je Token) "
            "über diesem Wert liegt, denn Ascent ohne Grenze zerstört das Modell. Unsere Wahl, "
            "für jede Methode mit Ascent außer npo, das eine eigene Grenze hat."
        ),
    ),
    "lr": ("Lernrate", "Die Schrittweite von AdamW für die Gewichte des sehenden Teils."),
    "adapter_lr": (
        "Adapter-Lernrate",
        (
            "Die Schrittweite von AdamW für die LoRA am Sprachmodell, in den Methoden, die das "
            "Sprachmodell ändern. 5e-4 wie im Code von VGID."
        ),
    ),
    "steps": ("Trainingsschritte", "Die größte Zahl von Änderungen der Gewichte."),
    "batch": ("Batch", "Die Zahl der Forget-Bilder je Trainingsschritt, mit je zwei Fragen."),
    "retain_batch": (
        "Retain-Batch",
        (
            "Die Zahl der Retain-Bilder je Trainingsschritt, deren Bildmerkmale festgehalten "
            "werden: zwei Porträts anderer Personen auf jedes einfache Bild. Sie gehen nicht "
            "durch das Sprachmodell, deshalb kostet eine große Zahl wenig."
        ),
    ),
    "probe_every": (
        "Prüfen alle",
        ("Die Zahl der Trainingsschritte zwischen zwei Prüfungen der Genauigkeit."),
    ),
    "stop_forget": (
        "Stopp bei Forget-Genauigkeit",
        (
            "Der Lauf endet, wenn die geprüfte Forget-Genauigkeit diesen Wert erreicht. "
            "Zufall ist 0,25; deutlich darunter meidet das Modell die richtige Antwort. Mit -1 endet "
            "der Lauf nie vorzeitig."
        ),
    ),
    "stop_retain_drop": (
        "Stopp bei Retain-Verlust",
        (
            "Der Lauf endet, wenn die geprüfte Retain-Genauigkeit um mindestens diesen Anteil "
            "gefallen ist."
        ),
    ),
    "estimate": (
        "Fisher-Schätzung",
        (
            "Wie die Fisher-Werte für die Maske von VKD und MMUnlearner geschätzt werden. "
            "neuron: der quadrierte Gradient der Antwort jedes Beispiels; bei VKD erhält jedes "
            "Gewicht dann das Mittel seines verborgenen Neurons, im Verhältnis zum Mittel "
            "aller Gewichte (stabil, unsere Wahl). weight: dasselbe für jedes Gewicht einzeln, "
            "wie MMUnlearner es auch unter neuron tut; das rauscht bei einem Modell, das seine "
            "Daten auswendig kennt. batch: wie im Code von MMUnlearner jedes Gewicht einzeln, "
            "aus dem quadrierten Gradienten des mittleren Loss von vier Beispielen über alle "
            "Text-Tokens."
        ),
    ),
    "fisher_samples": (
        "Fisher-Beispiele",
        (
            "Die Zahl der Beispiele auf jeder Seite für die Fisher-Schätzung und für die "
            "Neuronenwerte von MANU."
        ),
    ),
    "measures": (
        "Messungen",
        (
            "Was am Ende ausgewertet wird. usual: Auswahlfragen und der Name. all: auch, was "
            "das Modell schreibt (ROUGE-L und Cloze); das dauert länger."
        ),
    ),
}
FIELDS = {"Recipe": _RECIPE, "AttackRecipe": attack_fields, "TeachRecipe": teach_fields}
