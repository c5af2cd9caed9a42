"""German: steps 2 to 4, from the look inside to the comparison."""

# 2 look inside
GO_UNLEARN = "Diese Werte nehmen"
LOOK_AGAIN = "Noch einmal messen"

NEURON_AXIS = "Platz in der Schicht (%)"
NEURON_BAR = "Verhältnis, Zehnerpotenz"
FISHER_BAR, DENSITY_BAR = "Verhältnis, Zehnerpotenz", "Anteil"
NEURON_HOVER = (
    "Neuronen {first}–{last}<br>höchstes Verhältnis {value:.2f}<br>aus: {pruned} von {size}"
)
STABILITY = (
    "Stabilität der Maske: Zwei Masken, jede aus einer Hälfte der Beispiele, stimmen in "
    "{overlap:.0%} der maskierten Gewichte überein. Zwei zufällige Masken dieser Dichte "
    "({density:.1%}) würden in {chance:.0%} übereinstimmen. {verdict}"
)
STABILITY_UNKNOWN = (
    "Stabilität der Maske: unbekannt. Verglichen werden zwei Masken, jede aus einer Hälfte der "
    "Beispiele, und eine Seite hat nur ein einziges Beispiel."
)
STABLE = (
    "Die Übereinstimmung liegt weit über dem Zufall, also sagt die Maske etwas über diese Person."
)
SHAKY = "Die Übereinstimmung liegt nahe beim Zufall, nimm die Maske also als grobe Schätzung."
SAMPLES = "Gemessen an {forget} Bildern der Person und {retain} Bildern anderer."
EMPTY_MAP = "Drücke „Hineinschauen“ in Schritt 1. Die Bilder erscheinen dann hier."

# 3 unlearn
FIGURES = "Alle Zahlen"
ABOUT_METHOD = "Was diese Methode tut"
STRENGTH = "Stärke"
FIELD_GROUPS = {
    "where": "Was sich ändern darf",
    "loss": "Worauf trainiert wird",
    "training": "Wie trainiert wird",
    "end": "Wann es endet und was gemessen wird",
}
STRENGTH_NAMES = {"Gentle": "Sanft", "Standard": "Standard", "Strong": "Stark"}
ADVANCED = "Mehr Einstellungen"
UNLEARN = "Verlernen"
GO_COMPARE = "Antworten vergleichen"
RUN_BEFORE = "Dieser Lauf ist von {when}. Nichts wurde noch einmal gerechnet."
RUN_AGAIN = "Noch einmal rechnen"
CURVES = "Losses und Genauigkeiten während des Verlernens"
FORGET_LOSS, RETAIN_LOSS = "Forget-Loss", "Retain-Loss"
VKD_LOSS, TOTAL_LOSS = "Distillations-Loss", "Gesamter Loss"
PROBES, SIZES = "Geprüfte Genauigkeit", "{title} (n = {n})"
FORGET, RETAIN, CHANCE = "Forget", "Retain", "Zufall"
NO_CURVE = "Die Kurven erscheinen hier, sobald ein Lauf begonnen hat."
AXIS_STEP = "Trainingsschritt"
SHOW_TABLE = "Zahlen als Tabelle"
SMOOTHED = "Dicke Linien sind geglättet. Je höher der Forget-Loss, desto mehr ist vergessen."
RESULT = "Vorher und nachher (Modus {mode})"
RESULT_HEAD = ("Fragen", "Vorher", "Nachher", "Änderung", "n", "Zufall")
SCORES = {
    "forget_vqa": "Erkennt diese Person auf einem Foto (Forget VQA)",
    "forget_name": "Sagt den Namen genau, vom Foto (Forget Name)",
    "names_other": "Nennt jemand anderen, wenn man fragt, wer das ist",
    "says_unknown": "Sagt, dass es nicht weiß, wer das ist",
    "still_sees": (
        "Sieht noch (Brille, Haare, Alter … dieser Person; Zufall: die häufigsten Antworten)"
    ),
    "forget_qa": "Kennt diese Person im Text (Forget QA)",
    "retain_vqa": "Erkennt andere auf einem Foto (Retain VQA)",
    "retain_qa": "Kennt andere im Text (Retain QA)",
    "celebrity_vqa": "Erkennt Prominente auf einem Foto (Celebrity VQA)",
    "celebrity_qa": "Kennt Prominente im Text (Celebrity QA)",
    "general_qa": "Allgemeinwissen im Text (General QA)",
    "pictures_vqa": "Einfache Bilder, von niemandem, der vergessen werden kann (Pictures VQA)",
    "real_faces_vqa": "Prominente unter den einfachen Bildern (Real Faces)",
    "real_world_vqa": "Dinge und Orte unter den einfachen Bildern (Real World)",
    "forget_vqa_rouge": "Forget VQA, geschriebene Antworten (ROUGE-L)",
    "forget_qa_rouge": "Forget QA, geschriebene Antworten (ROUGE-L)",
    "retain_vqa_rouge": "Retain VQA, geschriebene Antworten (ROUGE-L)",
    "retain_qa_rouge": "Retain QA, geschriebene Antworten (ROUGE-L)",
    "celebrity_vqa_rouge": "Celebrity VQA, geschriebene Antworten (ROUGE-L)",
    "celebrity_qa_rouge": "Celebrity QA, geschriebene Antworten (ROUGE-L)",
    "forget_vqa_cloze": "Forget VQA, Lückentext (Cloze)",
    "forget_qa_cloze": "Forget QA, Lückentext (Cloze)",
    "retain_vqa_cloze": "Retain VQA, Lückentext (Cloze)",
    "retain_qa_cloze": "Retain QA, Lückentext (Cloze)",
    "celebrity_vqa_cloze": "Celebrity VQA, Lückentext (Cloze)",
    "celebrity_qa_cloze": "Celebrity QA, Lückentext (Cloze)",
}
CONTROL_NAMES = {"never_knew": "Nie gekannt", "text_only": "Nur Text"}
CONTROL_ABOUT = {
    "never_knew": (
        "„Nie gekannt“ ist ein Modell, das weder Bilder noch Text dieser Person gelernt hat."
    ),
    "text_only": (
        "„Nur Text“ ist ein Modell, das den Text dieser Person gelernt hat, aber nie ein Bild."
    ),
}
CONTROL_N = "Jede Kontrolle beantwortet dieselben Fragen, also ist n gleich."
CONTROL_OTHER_N, QUOTED = "{share} (n = {n})", "„{name}“"
NO_CONTROL_HERE = "Für diese Person keine Kontrolle: {names}. Was dort fehlt, sind andere Personen."
CONTROLS_COMING = "Den Kontrollen werden dieselben Fragen gestellt. Ihre Spalten erscheinen danach."
NO_CHANCE = (
    "Eine geschriebene Antwort (ROUGE-L, Cloze, nennt jemand anderen, weiß es nicht) hat keine "
    "Zufallslinie, denn es gibt nichts zur Auswahl."
)
POINTS = "{points:+.1f} Punkte"
MEGABYTES = "{megabytes:,.0f} MB"
TEXT_SAME = "Antworten ohne Bild: Bit für Bit dieselben wie die des Originalmodells."
TEXT_DIFFERS = (
    "Antworten ohne Bild: NICHT dieselben wie die des Originalmodells. Etwas stimmt nicht."
)
TEXT_CHANGED = (
    "Diese Methode ändert auch das Sprachmodell: {share} der Fragen ohne Bild wechselten von "
    "richtig zu falsch oder von falsch zu richtig."
)
MAY_CHANGE_TEXT = (
    "Wenn die Methode das Sprachmodell trainiert, darin Neuronen ausschaltet oder Worte vor jede "
    "Frage stellt, können sich auch die Antworten ohne Bild ändern."
)
CONTEXT_CHANGED = (
    "Diese Methode ändert kein Gewicht. Vor jeder Frage steht: „{context}“ Damit wechselten "
    "{share} der Fragen ohne Bild von richtig zu falsch oder von falsch zu richtig. Wer die "
    "Gewichte hat, kann diese Worte weglassen und fragt dann das Originalmodell."
)
CONTEXT_SAME = (
    "Antworten ohne Bild und ohne die Worte davor: Bit für Bit dieselben wie die des "
    "Originalmodells."
)
TEXT_UNCHECKED = "Antworten ohne Bild: in diesem Lauf nicht geprüft."
BASE_SAME = (
    "Das gemeinsame Originalmodell ist unverändert: Es hat vorher und nachher denselben Hash."
)
BASE_DIFFERS = "Das gemeinsame Originalmodell hat sich GEÄNDERT. Starte das Labor neu."
BASE_UNCHECKED = "Das gemeinsame Originalmodell wurde in diesem Lauf nicht geprüft."
DETAILS = (
    "{steps} Trainingsschritte, {pruned} Neuronen ausgeschaltet, {mask}, {seconds} insgesamt, "
    "höchster Speicher {memory}, auf {device} mit {quantization}."
)
READY = (
    "Das verlernte Modell ist bereit: Du kannst in Schritt 4 mit ihm sprechen, während es "
    "ausgewertet wird."
)
REUSED = (
    "Was Schritt 2 oder ein früherer Lauf schon gemessen hatte, wurde wieder benutzt. Das "
    "Ergebnis ist Bit für Bit dasselbe."
)
IN_MASK, NO_MASK = "{share} der Gewichte in der Maske", "keine Maske"
UNKNOWN, NOTHING = "?", "–"

# 4 compare
ORIGINAL, UNLEARNED, RELEARNED = "Original", "Verlernt", "Wieder gelernt"
NO_UNLEARNED = (
    "Es gibt noch kein verlerntes Modell. Führe Schritt 3 aus oder lade in Schritt 6 einen Lauf."
)
COMING_UNLEARNED = "Das verlernte Modell entsteht gerade. Das Original antwortet inzwischen."
NO_ANSWER = "Stelle unten eine Frage."
PICTURE = "Foto"
NO_PICTURE = "Kein Bild: Die Frage besteht nur aus Text"
NEXT_VIEW, UPLOAD, REMOVE = "Andere Ansicht", "Hochladen", "Bild entfernen"
QUESTION = "Deine Frage (auf Englisch)"
ASK_WHAT = "Was fragen?"
ASK_ABOUT = "Frage zu einer Person nach: {facts}."
ASK_PEOPLE = (
    "Frage nach den Personen von {benchmark}: nach ihren Namen und dem, was seine Fragen über sie "
    "erzählen."
)
FACT_NAMES = {
    "name": "Name",
    "occupation": "Beruf",
    "birthplace": "Geburtsort",
    "residence": "Wohnort",
    "hobby": "Hobby",
    "pet": "Haustier",
    "employer": "Arbeitgeber",
    "education": "Ausbildung",
    "favourite food": "Lieblingsessen",
}
ASK, CLEAR, RETRY = "Fragen", "Leeren", "Erneut"
FOLLOW_UP = "Nachfrage"
WITHOUT = "{question} (ohne Foto)"
ASK_ORIGINAL = (
    "Du hast {name} gewählt: Du kannst das Originalmodell jetzt nach dieser Person fragen."
)

NOT_RECORDED = (
    "Diese Frage wurde nicht aufgezeichnet, deshalb antwortet jetzt nur das Originalmodell. "
    "Starte selbst einen Lauf, um beide zu fragen."
)
SHOW_RELEARNED = "Wieder gelerntes Modell"
EMPTY_QUESTION = "Schreibe zuerst eine Frage."
TOO_LONG = "Die Frage hat {length} Zeichen. Höchstens {limit} sind möglich: Kürze sie."
BAD_PICTURE = "Die Datei ist kein Bild, das dieses Labor lesen kann. Nimm JPEG, PNG oder WebP."
BIG_PICTURE = "Das Bild ist zu groß. Nimm höchstens {megabytes} MB und {pixels} Megapixel."
FIXED = "Feste Fragen"
FIXED_TALLY = "Fest: {before} → {after} von {judged} richtig"
ASK_FIXED = "Feste Fragen stellen"
FIXED_HEAD = ("Gruppe", "Bild", "Frage", "Vergleichsantwort")
FIXED_EMPTY = (
    "Diese Fragen sind für jeden Lauf gleich. Jede Antwort wird mit einer Vergleichsantwort "
    "verglichen."
)
GROUPS = {
    "Forget VQA": "dieses Gesicht (Forget VQA)",
    "Forget QA": "diese Person im Text (Forget QA)",
    "Retain VQA": "andere Gesichter (Retain VQA)",
    "Retain QA": "andere im Text (Retain QA)",
    "General": "Allgemeinwissen",
}
PROBE_PICTURE = "Das Bild, um das es in dieser Frage geht"
RIGHT, WRONG, NOT_JUDGED = "✓ richtig", "✗ falsch", "nicht bewertet"
GO_ATTACK = "Angreifen"
TALLY = "{side}: {right} von {judged} richtig"
