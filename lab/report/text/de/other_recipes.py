"""German: the label and the help of every field of an attack's and a teaching's recipe."""

# No string of the catalogue by themselves: recipe.py puts them under FIELDS.
attack_fields = {
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

teach_fields = {
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
