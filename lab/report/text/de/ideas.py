"""German: what heads each step, what is predicted, what is taught while one waits, and the tour."""

WHY = "Warum?"
# Of each step: the question, the idea in one sentence, and the reason behind it in about 40 words.
IDEAS = (
    (
        "Wen soll das Modell vergessen?",
        "Das Modell kennt diese Gesichter. Wähle eines.",
        (
            "Ein Modell, das Gesichter gelernt hat, kann Menschen benennen, die das nicht "
            "wollen. Ein großes Modell ohne sie neu zu trainieren, dauert Wochen. Unlearning "
            "ändert das vorhandene Modell in Minuten und versucht, alles andere so zu lassen, "
            "wie es war."
        ),
    ),
    (
        "Welche Teile leuchten bei dieser Person auf?",
        "Einige sehende Neuronen antworten auf dieses Gesicht am stärksten.",
        (
            "Jedes Foto lässt Neuronen feuern. Das Labor vergleicht, wie stark jedes bei "
            "dieser Person und bei allen anderen feuert. Ein hohes Verhältnis zeigt ein "
            "Neuron, das die Person trägt. Wer nur solche ändert, lässt den größten Teil des "
            "Modells in Ruhe."
        ),
    ),
    (
        "Kann es diese Person vergessen und den Rest behalten?",
        (
            "Schalte diese Neuronen aus und trainiere wenige Gewichte, bis das Gesicht nichts "
            "mehr sagt."
        ),
        (
            "Visual Knowledge Distillation (VKD) drängt die richtigen Antworten zu einem Gesicht weg "
            "und hält fest, was das Modell auf den Fotos anderer sah. Das Sprachmodell bleibt unberührt. "
            "In der Demo lernt das Modell zu sagen, dass es die Person nicht kennt (unsere Wahl)."
        ),
    ),
    (
        "Was ist noch da?",
        "Frage beide Modelle, mit und ohne Foto.",
        (
            "Das Gesicht ist vergessen, der Text nicht. Mit VKD kennen beide Modelle ohne Foto "
            "dieselben Fakten, denn der Teil, der liest und schreibt, ist Bit für Bit "
            "derselbe. Nur ein Foto geht durch den Teil, der geändert wurde."
        ),
    ),
    (
        "Lässt sich diese Person zurückholen?",
        "Was schneller zurückkommt als ein neues Gesicht, war versteckt.",
        (
            "Training kann einem Modell jedes Gesicht beibringen, also beweist die Rückkehr "
            "allein nichts. Die Kontrollen sind Modelle, die die Person nie gesehen haben und "
            "genauso angegriffen werden. Was schneller zurückkommt, war noch im Modell: darin, wie es "
            "das Gesicht sieht, oder im Sprachmodell."
        ),
    ),
    (
        "Was haben wir gelernt?",
        "Stelle deine Läufe nebeneinander und nimm alles mit.",
        (
            "Ein Lauf ist ein einziger Wurf mit dem Würfel: Ein anderer Seed, eine andere "
            "Person oder andere Fragen ergeben andere Zahlen. Was in mehreren Läufen gilt, ist "
            "ein Befund. Was einmal gilt, kann Glück sein. Vergleiche also und achte auf n."
        ),
    ),
)
# Of each step: what is asked before the result, and the three answers to choose from.
PREDICTIONS = (
    (
        ("Dein Tipp: Was bleibt im Text?"),
        "dasselbe",
        "weniger",
        "nichts",
    ),
    (
        ("Dein Tipp: Wie viele Neuronen antworten?"),
        "unter 5 %",
        "5 bis 30 %",
        "mehr",
    ),
    ("Dein Tipp: Was passiert mit anderen Gesichtern?", "nichts", "schlechter", "weg"),
    (
        "Dein Tipp: Was antwortet es?",
        "richtiger Name",
        "anderer Name",
        "„I don't know“",
    ),
    ("Dein Tipp: Wie viel kommt zurück?", "nichts", "ein Teil", "fast alles"),
    (
        "Dein Tipp: Wie viel verlieren andere Gesichter im Schnitt?",
        "unter 5 Punkten",
        "5 bis 20 Punkte",
        "mehr",
    ),
)
PREDICTED_RIGHT = "Dein Tipp: {guess}. Genau so kam es."
PREDICTED_WRONG = "Dein Tipp: {guess}. Es kam anders: {answer}."
PREDICTED_OPEN = "Dein Tipp: {guess}. Die Zahlen entscheiden das nicht."
PREDICTED = "Gemerkt. Du siehst den Tipp neben dem Ergebnis wieder."

# while one waits: what runs now, in plain words, by the stage of a run
WAITS = {
    "start": "Jetzt: Das Modell wird für diesen Lauf vorbereitet.",
    "importance": (
        "Jetzt: Fotos dieser Person und anderer Personen laufen durch das Modell, und für "
        "jedes Neuron wird notiert, wie stark es feuert."
    ),
    "fisher": (
        "Jetzt: Das Labor misst für jedes Gewicht, wie sehr eine Antwort über diese Person "
        "davon abhängt (Fisher-Saliency)."
    ),
    "teacher": (
        "Jetzt: Das Labor merkt sich, was das Originalmodell auf den Fotos aller anderen sieht. Das "
        "geänderte Modell muss dasselbe sehen (das Original ist sein Lehrer)."
    ),
    "context": "Jetzt: Die Worte, die vor jeder Frage stehen werden, werden vorbereitet.",
    "train": "Jetzt: Wenige Gewichte werden trainiert.",
    "score": "Jetzt: Beide Modelle beantworten alle Fragen. Das Modell ist schon fertig.",
    "attack": (
        "Jetzt: Der Angriff trainiert das verlernte Modell, und unterwegs werden seine "
        "Antworten geprüft."
    ),
    "control": (
        "Jetzt: derselbe Angriff auf Modelle, die die Person nie gesehen haben (Kontrollen)."
    ),
    "bars": "Jetzt: Die geänderten Fragen, Bilder oder Gewichte werden nacheinander ausprobiert.",
}
WAIT_DONE = "{share:.0%} geschafft."
WAIT_GLOW = (
    "Porträt von {name}, heller, wo die Neuronen feuern, die bei diesem Gesicht herausstechen."
)
WAIT_GLOW_SHORT = "wo es aufleuchtet"
MEANWHILE = "Gib inzwischen oben deinen Tipp ab oder stelle ihm Fragen (Schritt 4)."

# the tour
TOUR_OFFER, TOUR_START, TOUR_NO = "Neu hier?", "Rundgang, fünf Minuten", "Nein, danke"
TOUR_NEXT, TOUR_BACK, TOUR_END, TOUR_DONE = "Weiter", "Zurück", "Rundgang verlassen", "Fertig"
TOUR_PLACE = "{at} von {of}"
TOUR_NAME = "Rundgang durch das Labor"
TOUR_AGAIN = "Rundgang machen"
# What each stop says, in the order of the stops in ``lab.ui.aids.tour``.
TOUR = (
    (
        "Vierzig erfundene Personen. Das Modell hat gelernt, jede auf Fotos zu erkennen, und "
        "hat Fakten über jede gelesen. Wähle irgendeine: Das Modell wird sie vergessen."
    ),
    (
        "Hier siehst du einen Lauf auf einen Blick: wie oft das Modell dieses Gesicht vorher "
        "und nachher erkannte, wie es anderen Gesichtern erging und was beide Modelle "
        "antworten."
    ),
    (
        "Vor jedem Ergebnis kannst du einen Tipp abgeben. Es gibt keine Note. Dein Tipp steht "
        "neben dem, was herauskam, und gerade wenn er falsch war, lernst du etwas."
    ),
    (
        "Schritt 2 schaut ins Innere: welche Neuronen bei diesem Gesicht feuern und wo im "
        "Porträt. Mit den Reglern wählst du, wie viele davon ausgeschaltet werden."
    ),
    (
        "Schritt 3 vergisst. Das dauert ein bis zwei Minuten, wenn niemand vor dir wartet. Du kannst jederzeit stoppen, "
        "das Erreichte behalten und währenddessen Fragen stellen."
    ),
    (
        "Schritt 4: Stelle beiden Modellen dieselbe Frage. Mit Foto unterscheiden sich die "
        "Antworten. Ohne Foto sind sie gleich, denn VKD ändert nur den sehenden Teil."
    ),
    (
        "Schritt 5 greift an: Lässt sich das Gesicht zurückholen? Die Kontrollen, Modelle, "
        "die die Person nie gesehen haben, zeigen, wie es aussieht, jemand Neues zu lernen."
    ),
    (
        "Schritt 6 bewahrt deine Läufe auf, vergleicht sie und gibt dir alle Dateien. "
        "Unterstrichene Wörter haben eine Erklärung: Zeige darauf, tippe sie an oder springe "
        "mit Tab hin. Viel Spaß!"
    ),
)
