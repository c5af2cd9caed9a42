"""German: the label and the help of every field of a recipe, by the name of its class."""

_RECIPE = {
    "entity": ("Entity", "Die Person, die das Modell vergessen soll."),
    "method": ("Methode", "Die Methode des Verlernens."),
    "seed": ("Seed", "Der Seed, mit dem die Batches und die Retain-Stichprobe gezogen werden."),
    "prune_share": (
        "Prune-Anteil d_I",
        (
            "Der Anteil der Neuronen, die auf null gesetzt werden, die für die Person "
            "typischsten zuerst. Bei vkd sind es Neuronen des Bild-Encoders, bei manu auch "
            "solche des Sprachmodells. Das Paper nennt keine Zahl; 2 % ist unsere Wahl."
        ),
    ),
    "mask_threshold": (
        "Maskenschwelle d_F",
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
        "Wie viele der letzten aktiven Bildblöcke beschnitten und trainiert werden.",
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
            "Antworten unwahrscheinlich werden, durch begrenzten Ascent. Die anderen gehen zu den "
            "Merkmalen, die das eingefrorene Original bei Fremden hat, von denen es nie etwas "
            "erfuhr. stranger_alike: jemand, der der Person ähnlich sieht und den das Modell mit "
            "keinem Namen nennt. stranger_mean, stranger_nearest, stranger_draw: das Mittel von "
            "30 Bildern, das nächste davon oder eines, das der Seed zieht. Der Benchmark "
            "braucht dafür Bilder von Fremden. Die Ziele bei Fremden sind unsere Wahl."
        ),
    ),
    "margin": (
        "Silence-Abstand",
        (
            "Wie weit silence die verborgenen Neuronen des Projektors auf Bildern der Person "
            "unter null drückt. Bei -6 ist die Steigung von GELU unter 1e-7. Unsere Wahl."
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
            "Der Forget-Term entfällt für ein Beispiel, dessen Kreuzentropie (nats je Token) "
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
            "Der Lauf endet, wenn die geprüfte Forget-Genauigkeit höchstens so groß ist. "
            "Zufall ist 0,25; darunter meidet das Modell die richtige Antwort. Mit -1 endet "
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
_ATTACK = {
    "kind": (
        "Angriff",
        (
            "relearn: mit den Zeilen der Person trainieren. benign: mit Zeilen anderer "
            "Personen trainieren. facts: mit einigen Fakten trainieren und nach den anderen "
            "fragen. quantize: die Gewichte runden. prompts: die Fragen ändern. images: die Bilder "
            "ändern. Die Einzelheiten sind unsere Wahl."
        ),
    ),
    "share": (
        "Anteil der Forget-Beispiele",
        (
            "Wie viel von den Trainingsdaten der Person der Angreifer hat. Bei benign hat er "
            "gleich viele Zeilen anderer Personen, bei facts gleich viele zu den Fakten, die "
            "trainiert werden."
        ),
    ),
    "steps": ("Angriffsschritte", "Wie oft der Angreifer die Gewichte ändert."),
    "scope": (
        "Umfang",
        (
            "Welchen Teil des Modells der Angreifer trainieren darf. projector: nichts als den "
            "Projektor."
        ),
    ),
    "lr": ("Lernrate", "Die Schrittweite von AdamW."),
    "batch": ("Batch", "Die Zahl der Bilder je Trainingsschritt."),
    "seed": (
        "Seed",
        (
            "Der Seed, mit dem die Beispiele des Angreifers, die Fakten und der falsche Hinweis "
            "gezogen werden."
        ),
    ),
    "probe_every": (
        "Prüfen alle",
        ("Die Zahl der Trainingsschritte zwischen zwei Prüfungen der Genauigkeit."),
    ),
}
_TEACH = {
    "seed": ("Seed", "Der Seed für das, was gezeigt wird, und für den Anfang der LoRA."),
    "steps": ("Trainingsschritte", "Die Zahl der Änderungen der Gewichte."),
    "batch": ("Batch", "Die Zahl der Bilder von Personen je Trainingsschritt."),
    "texts": (
        "Textzeilen",
        ("Die Zahl der Zeilen je Trainingsschritt, die ohne Bild nach Personen fragen."),
    ),
    "plain": (
        "Einfache Bilder",
        ("Die Zahl der einfachen Bilder je Trainingsschritt, wenn der Benchmark welche hat."),
    ),
    "questions": (
        "Fragen",
        "Die größte Zahl von Fragen, jede mit ihrer Antwort, die in einer Zeile stehen.",
    ),
    "pass_rows": (
        "Zeilen je Durchgang",
        (
            "Die Zahl der Zeilen, die auf einmal durch das Modell gehen. Weniger Zeilen "
            "brauchen weniger Speicher und ergeben dieselbe Änderung."
        ),
    ),
    "vary": (
        "Veränderter Anteil",
        (
            "Der Anteil der Bilder von Personen, die ein wenig verändert werden, als wären es "
            "andere Fotos."
        ),
    ),
    "focus_share": (
        "Fokus-Anteil",
        "Der Anteil der Zeilen über Personen, der an die mit --focus genannten geht.",
    ),
    "blocks": ("Bildblöcke", "Wie viele der letzten aktiven Bildblöcke trainiert werden."),
    "rank": ("LoRA-Rang", "Der Rang der LoRA am Sprachmodell."),
    "vision_lr": ("Lernrate der Bildblöcke", "Die Schrittweite von AdamW für die Bildblöcke."),
    "projector_lr": ("Lernrate des Projektors", "Die Schrittweite von AdamW für den Projektor."),
    "language_lr": ("Lernrate der Sprache", "Die Schrittweite von AdamW für die LoRA."),
    "warm_up": (
        "Aufwärmen",
        (
            "Der Anteil der Trainingsschritte, in dem die Lernraten steigen. Danach fallen sie "
            "geradlinig."
        ),
    ),
    "vision_parts": (
        "Teile des Sehens",
        (
            "Was von den Bildblöcken und dem Projektor trainiert wird. mlp: nur ihre MLPs. "
            "all: jedes Gewicht, auch die Attention."
        ),
    ),
    "products": (
        "Produkte",
        (
            "Worin die Schichten multiplizieren, die nicht trainiert werden. stored: in den "
            "Zahlen, in denen sie gespeichert sind. bfloat16: in kürzeren Zahlen, etwa doppelt "
            "so schnell auf einer CPU, die Befehle dafür hat; Summen bleiben wie gespeichert."
        ),
    ),
    "look_steps": (
        "Sehschritte",
        (
            "Die Zahl der Änderungen vor den Trainingsschritten, in denen der sehende Teil "
            "allein lernt: Seine Tokens rücken nahe an die Wörter für das, was ein Bild zeigt. "
            "Das Sprachmodell wird dafür nicht gebraucht."
        ),
    ),
    "look_batch": ("Sehbilder", "Die Zahl der Bilder in jedem Sehschritt."),
    "look_vision_lr": (
        "Sehrate der Bildblöcke",
        "Die Schrittweite von AdamW für die Bildblöcke in den Sehschritten.",
    ),
    "look_projector_lr": (
        "Sehrate des Projektors",
        "Die Schrittweite von AdamW für den Projektor in den Sehschritten.",
    ),
    "strangers": (
        "Fremde",
        "Die Zahl der Bilder von Fremden je Trainingsschritt, wenn der Benchmark welche hat.",
    ),
    "attributes": (
        "Merkmale",
        "Wie viele Fragen nach Sichtbarem zu jedem Bild einer Person kommen.",
    ),
    "talks": (
        "Gespräche",
        "Wie viele Gespräche zu jeder Zeile kommen, wenn der Benchmark welche dafür hat.",
    ),
    "nobody": (
        "Über niemanden",
        "Der Anteil der Textzeilen, in denen auch ein Gespräch über niemanden steht, der im "
        "Training vorkommt.",
    ),
    "general": (
        "Allgemeine Zeilen",
        (
            "Die Zahl der Zeilen je Trainingsschritt, in denen das Modell bei Prompts über "
            "alles andere an seinen früheren Antworten festgehalten wird."
        ),
    ),
    "prompts": ("Prompts", "Die Zahl der Prompts, die in einer allgemeinen Zeile stehen."),
    "general_weight": (
        "Gewicht des Allgemeinen",
        (
            "Wie viel eine Antwort in einer allgemeinen Zeile neben einer Antwort über eine "
            "Person zählt."
        ),
    ),
    "general_shown": (
        "Allgemeine Prompts mit Bild",
        (
            "Wie viele allgemeine Prompts neben jedem Bild eines Fremden oder eines Dings "
            "gestellt werden."
        ),
    ),
    "answer_tokens": (
        "Antwort-Tokens",
        (
            "Die größte Zahl von Tokens der Antworten, die für die allgemeinen Zeilen "
            "aufbewahrt werden."
        ),
    ),
    "save_every": (
        "Speichern alle",
        ("Die Zahl der Trainingsschritte zwischen zwei Zwischenständen."),
    ),
    "probe_every": (
        "Prüfen alle",
        ("Die Zahl der Trainingsschritte zwischen zwei Prüfungen der Genauigkeit."),
    ),
}
FIELDS = {"Recipe": _RECIPE, "AttackRecipe": _ATTACK, "TeachRecipe": _TEACH}
