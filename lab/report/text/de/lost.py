"""German: where an answer is lost, by patching; how far the weights have moved, and what lies between."""

LOST = "Wo geht die Antwort verloren?"
LOST_LEAD = (
    "Das Labor nimmt, was das verlernte Modell aus einem Foto bis zu einer Tiefe berechnet, setzt es "
    "ins Original ein und stellt dem Original dieselben zurückgehaltenen Fragen, für eine Tiefe nach "
    "der anderen. Wo das Original die Antwort nicht mehr gibt, ging sie verloren. Dann umgekehrt: die "
    "Aktivierungen des Originals im verlernten Modell. Nach dem Unlearning Depth Score (arXiv "
    "2605.24614). Dass wir in beide Richtungen und im sehenden Teil fragen, ist unsere Wahl."
)
LOST_ASK = "In jeder Tiefe einsetzen (dauert eine Minute oder länger)"
LOST_ASKING = "Einsetzen: {done} von {total} Antworten."
LOST_NO_RUN = "Vergiss die Person zuerst, dann zeigt sich hier, in welcher Tiefe die Antworten verloren gehen."
LOST_SIDES = {"lost": "verlernt → Original", "back": "Original → verlernt"}
LOST_ABOUT = {"forget": "diese Person", "others": "andere"}
LOST_SERIES = "{side}, {about}"
LOST_PROBABILITY = "{series}, Wahrscheinlichkeit"
LOST_START = "nichts"
LOST_AXIS, LOST_SHARE = "eingesetzt bis", "richtige Antworten"
LOST_CHANCE = "Zufall"
LOST_DEPTH = "eingesetzt bis"
LOST_HEAD = ("{series}: richtig", "{series}: Wahrscheinlichkeit")
LOST_SIZES = (
    "n = {forget} zurückgehaltene Fragen zur Person (Zufall {chance:.0%}) und {others} zu anderen "
    "Personen (Zufall {chance_others:.0%}). Die Wahrscheinlichkeit ist die der richtigen Antwort "
    "unter den vorgegebenen, im Mittel."
)

# what the lines say
LOST_UNKNOWN = (
    "Schon das Original kennt {name} nicht ({start}, Zufall {chance}, n {n}), also konnte keine "
    "Antwort verloren gehen."
)
LOST_NOWHERE = (
    "Im sehenden Teil geht nichts verloren: Auch mit allem, was das verlernte Modell aus einem Bild "
    "macht, antwortet das Original noch zu {name} ({start} → {end}, n {n})."
)
LOST_FIRST = (
    "Die Antworten zu {name} gehen in {depth} verloren, dem ersten trainierten: Mit den Aktivierungen "
    "des verlernten Modells bis dorthin gibt das Original sie nicht mehr ({start} → {after}, n {n})."
)
LOST_AT = (
    "Die Antworten zu {name} gehen bei „{depth}“ verloren: Mit den Aktivierungen des verlernten "
    "Modells bis „{before}“ gibt das Original sie noch ({kept}), bis „{depth}“ nicht mehr ({after}, "
    "n {n})."
)
LOST_BACK = (
    "Umgekehrt sind sie wieder da, sobald das verlernte Modell die Aktivierungen des Originals bis "
    "„{depth}“ bekommt ({start} → {after}): Was danach kommt, kann sie noch lesen."
)
LOST_BACK_LAST = (
    "Umgekehrt sind sie erst mit der ganzen Ausgabe des sehenden Teils des Originals wieder da "
    "({start} → {after}): Jeder trainierte Teil bis zum Projektor hat sich verändert."
)
LOST_BACK_NEVER = (
    "Umgekehrt kommen sie nicht zurück, auch nicht mit der ganzen Ausgabe des sehenden Teils des "
    "Originals ({start} → {after}): Das Sprachmodell hat sich verändert, oder vor den Fragen stehen "
    "andere Worte."
)
LOST_OTHERS = (
    "Antworten zu anderen Personen, zum Vergleich: {start} im Original, {end} mit allem, was das "
    "verlernte Modell aus einem Bild macht (n {n})."
)

# distance and line
LINE = "Abstand und Barriere"
LINE_FAR = (
    "Die trainierten Gewichte des sehenden Teils liegen um {whole:.2%} ihrer Länge vom Original "
    "entfernt, am weitesten in {layer} ({most:.2%})."
)
LINE_SAME = "Die Gewichte des sehenden Teils sind die des Originals."
LINE_BARRIER = (
    "Auf dem geraden Weg von den Gewichten des Originals zu diesen steigt der Loss bei den Fragen "
    "zu {name} höchstens {forget:.2f} Nat über die gerade Linie zwischen seinen Werten an beiden "
    "Enden, bei denen zu anderen {others:.2f}."
)
LINE_FORMULA = (
    "Abstand: ‖θᵤ − θ₀‖ / ‖θ₀‖ über die trainierten Gewichte des sehenden Teils. Barriere: Maximum "
    "über a von L(a) − ((1 − a) L(0) + a L(1)). Dabei ist L(a) der mittlere Loss der richtigen "
    "Antworten je Token bei (1 − a) θ₀ + a θᵤ, an {points} Punkten. Nach arXiv 2505.22310 widerstehen "
    "Gewichte, die weit entfernt und hinter einer Barriere liegen, dem Neulernen besser. Der "
    "relative Abstand und die zurückgehaltenen Fragen sind unsere Wahl."
)
LINE_AXIS = "vom Original (0) zum verlernten Modell (1)"
LINE_LOSS = "Loss (Nat je Token)"
LINE_CHORD = "{about}, Sehne"
LINE_LAYERS = ("Schicht", "Abstand")
LINE_SHARE = "{share:.2%}"
