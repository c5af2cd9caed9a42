"""German: the terms of the field, each with the words that stand for it and one sentence."""

GLOSSARY = {
    "vqa": (
        ("VQA", "visual question answering"),
        "Visual Question Answering: eine Frage zu einem Foto, beantwortet mit Blick auf das Foto.",
    ),
    "qa": (
        ("QA",),
        "Question Answering nur mit Text: dieselbe Art von Frage, aber ohne jedes Foto.",
    ),
    "forget": (
        ("Forget-Set", "Forget VQA", "Forget-VQA", "Forget QA", "Forget"),
        "Was das Modell nicht mehr wissen soll: die Fragen zur gewählten Person.",
    ),
    "retain": (
        ("Retain-Set", "Retain VQA", "Retain-VQA", "Retain QA", "Retain"),
        "Was das Modell behalten soll: die Fragen zu allen anderen.",
    ),
    "unlearning": (
        (
            "Unlearning",
            "Verlernen",
            "Verlernens",
            "verlernt",
            "verlernte",
            "verlernten",
            "verlernen",
        ),
        (
            "Ein trainiertes Modell so ändern, dass es sich verhält, als hätte es bestimmte "
            "Daten nie gesehen (Unlearning)."
        ),
    ),
    "entity": (("Entity",), "Wer vergessen werden kann: hier eine Person mit Fotos und Fakten."),
    "fisher": (
        ("Fisher-Saliency", "Fisher-Information", "Fisher-Verhältnis", "Fisher-Werte", "Fisher"),
        (
            "Wie stark sich die Antworten ändern, wenn sich ein Gewicht ein wenig ändert, "
            "gemessen an quadrierten Gradienten."
        ),
    ),
    "importance": (
        ("Importance",),
        "Wie viel stärker ein Neuron bei Fotos dieser Person feuert als bei Fotos von anderen.",
    ),
    "neuron": (
        ("Neuronen", "Neurons", "Neuron"),
        (
            "Eine kleine Einheit des Modells, die viele Eingaben addiert und mehr oder weniger "
            "stark feuert."
        ),
    ),
    "weight": (
        ("Gewichte", "Gewichten", "Gewicht"),
        (
            "Die Zahlen in einem Modell, die das Training ändert, eine für jede Verbindung von "
            "zwei Neuronen."
        ),
    ),
    "mask": (
        ("Maske", "Masken"),
        (
            "Die Auswahl der Gewichte, die sich beim Verlernen ändern dürfen, während alle "
            "anderen Bit für Bit bleiben."
        ),
    ),
    "prune": (
        ("ausgeschaltet", "ausgeschalteten", "ausgeschaltete", "Pruning"),
        "Ein Neuron wird für immer auf null gesetzt, sodass es nichts mehr weitergibt (Pruning).",
    ),
    "d_i": (
        ("Prune-Anteil", "d_I"),
        (
            "Welcher Anteil der Neuronen auf null gesetzt wird, zuerst die, die für diese Person "
            "am stärksten feuern."
        ),
    ),
    "d_f": (
        ("Maskenschwelle", "d_F"),
        (
            "Wie viele Male wichtiger ein Gewicht für diese Person sein muss als für andere, "
            "damit es sich ändern darf."
        ),
    ),
    "vkd": (
        ("Visual Knowledge Distillation", "VKD"),
        (
            "Eine Methode zum Verlernen: Sie drängt die Antworten zu einem Gesicht weg und hält durch "
            "Distillation fest, was das Modell auf den Fotos aller anderen sieht."
        ),
    ),
    "distillation": (
        ("Distillation",),
        (
            "Ein Modell so trainieren, dass es bei ausgewählten Eingaben dieselben Ausgaben "
            "liefert wie ein anderes, sein Lehrer."
        ),
    ),
    "teacher": (
        ("Lehrer", "Lehrers"),
        (
            "Das Modell, dessen Ausgaben bei der Distillation nachgeahmt werden: hier das "
            "eingefrorene Original."
        ),
    ),
    "lora": (
        ("LoRA",),
        (
            "Ein kleines Paar zusätzlicher Matrizen, das statt der großen Matrizen des Modells "
            "trainiert wird."
        ),
    ),
    "ag": (
        ("AG", "Accuracy Gain"),
        (
            "Accuracy Gain: die Genauigkeit nach einem Angriff minus die Genauigkeit davor, "
            "niedriger ist besser."
        ),
    ),
    "gap": (
        ("Vanilla Gap",),
        "Wie weit das angegriffene Modell unter dem unveränderten Original (vanilla) bleibt.",
    ),
    "vanilla": (
        ("vanilla",),
        "Das Modell, wie es unterrichtet wurde, bevor etwas verlernt ist: hier das Original.",
    ),
    "control": (
        ("Kontrolle", "Kontrollen"),
        "Ein Modell, das seine Person nie getroffen hat und zum Vergleich genauso behandelt wird.",
    ),
    "projector": (
        ("Projektor", "Projektors"),
        (
            "Der Teil, der aus dem, was der Bild-Encoder sieht, Tokens macht, die das "
            "Sprachmodell liest."
        ),
    ),
    "tower": (
        ("Bild-Encoder", "Bild-Encoders", "sehende Teil", "sehenden Teil", "sehender Teil"),
        "Der Teil des Modells, der ein Foto ansieht und es in Zahlen verwandelt.",
    ),
    "language": (
        ("Sprachmodell", "Sprachmodells"),
        "Der Teil des Modells, der die Frage liest und die Antwort Wort für Wort schreibt.",
    ),
    "block": (
        ("Bildblöcke", "Bildblöcken", "Block", "Blöcke", "Blöcken"),
        "Eine der Schichten, durch die ein Foto im Bild-Encoder nacheinander läuft.",
    ),
    "delta": (
        ("Delta",),
        (
            "Der Unterschied zwischen den geänderten und den ursprünglichen Gewichten, mehr "
            "bleibt von einem Lauf nicht."
        ),
    ),
    "beta": (("beta",), "Wie viel die Distillation beim Training neben dem Vergessen zählt."),
    "attack": (
        ("Relearning", "wieder gelernt", "wieder gelernte", "Neulernen", "Angreifer"),
        (
            "Ein verlerntes Modell mit wenigen der Daten trainieren, um zu sehen, wie schnell "
            "das Wissen zurückkommt."
        ),
    ),
    "recovery": (
        ("Vorsprung",),
        (
            "Wie viele Punkte das angegriffene Modell beim Lernen vor einem liegt, das die Person "
            "nie getroffen hat."
        ),
    ),
    "delay": (
        ("Verzögerung",),
        (
            "Wievielmal so viele Schritte das Neulernen braucht wie das Lernen bei einem Modell, das "
            "die Person nie getroffen hat."
        ),
    ),
    "patching": (
        ("Activation Patching", "Einsetzen", "eingesetzt"),
        (
            "Die Aktivierungen eines Modells in ein anderes einsetzen, um zu sehen, ab welcher "
            "Tiefe sich die Antworten ändern."
        ),
    ),
    "barrier": (
        ("Barriere",),
        "Wie weit der Loss auf der geraden Strecke zwischen zwei Sätzen von Gewichten steigt.",
    ),
    "chance": (
        ("Zufall",),
        (
            "Der Anteil, den blindes Raten trifft: einer von vier, wenn vier Antworten zur "
            "Wahl stehen."
        ),
    ),
    "heldout": (
        ("zurückgehalten", "zurückgehaltene", "zurückgehaltenen"),
        (
            "Vom Training ferngehalten, damit geprüft wird, was gelernt und nicht nur "
            "auswendig behalten wurde."
        ),
    ),
    "quantisation": (
        ("Quantisierung", "quantisiert"),
        "Gewichte mit weniger Bits speichern, damit ein Modell weniger Speicher braucht.",
    ),
    "gguf": (
        ("gguf-q4",),
        "Die Gewichte des Sprachmodells sind mit etwa vier Bits gespeichert, im Format GGUF.",
    ),
    "other_bits": (
        ("int8", "nf4"),
        "Die Gewichte des Sprachmodells sind mit acht (int8) oder vier Bits (nf4) gespeichert.",
    ),
    "clean": (
        ("Modus clean",),
        (
            "Bewertet mit den zurückgehaltenen Fragen des Labors und nicht mit den "
            "veröffentlichten eines Benchmarks."
        ),
    ),
    "probe": (
        ("lineare Probe", "linearen Probe"),
        (
            "Ein kleiner Test, ob sich eine Person mit einer gewichteten Summe aus den Zahlen "
            "einer Schicht ablesen lässt."
        ),
    ),
    "nearest": (
        ("nächste Ansicht",),
        (
            "Ein Test, welches bekannte Foto in den Zahlen des Modells am nächsten bei einem "
            "neuen liegt."
        ),
    ),
    "loss": (
        ("Loss", "Losses"),
        (
            "Die Zahl, die das Training verkleinert: wie weit die Antworten von den "
            "gewünschten entfernt sind."
        ),
    ),
    "n": (("n",), "Wie viele Fragen hinter einer Zahl stehen: je mehr, desto sicherer ist sie."),
    "seed": (("Seed", "Seeds"), "Die Zahl, aus der in einem Lauf aller Zufall gezogen wird."),
    "logits": (("Logits",), "Die Punkte, die das Modell jedem möglichen nächsten Wort gibt."),
    "rouge": (
        ("ROUGE-L",),
        (
            "Wie viele Wörter einer Vergleichsantwort in derselben Reihenfolge in einer "
            "Antwort stehen."
        ),
    ),
    "cloze": (("Cloze", "Lückentext"), "Ein Satz mit einer Lücke, die das Modell füllt."),
    "points": (
        ("Punkte", "Punkten"),
        ("Prozentpunkte: von 90 % auf 80 % sind es zehn Punkte weniger."),
    ),
    "greedy": (
        ("Gradient Ascent", "Ascent"),
        "Rückwärts trainieren: weg von der richtigen Antwort.",
    ),
    "benchmark": (
        ("Benchmark", "Benchmarks"),
        "Eine feste Sammlung von Fotos und Fragen, mit der man Methoden vergleicht.",
    ),
    "hidden": (
        ("versteckt und nicht weg",),
        "Noch im Modell vorhanden, obwohl es sich in den Antworten nicht zeigt.",
    ),
}
