"""German: step 6, the finished runs and the files, and the report that is downloaded."""

# the finished runs
RUNS = "Läufe vergleichen"
RUNS_LEAD = (
    "Alle Läufe bekamen dieselben Fragen. AG gehört zum letzten Angriff durch Neulernen "
    "(niedriger ist besser)."
)
RUNS_SHOW = "Alle beendeten Läufe zeigen"
NO_RUNS = "Noch ist kein Lauf beendet."
RUN_NOTE = "{kind} (Person {entity}, Lauf {id}): {note}."
RUNS_HEAD = (
    "Entity",
    "Methode",
    "Seed",
    "Schritte",
    "trainierbar",
    "AG",
    "Zeit",
    "höchster Speicher",
)
RUNS_SIZES = (
    "Fragen je Lauf (n): {sizes}. Zufall ist {chance:.0%} bei Auswahlfragen und 0 % bei einem "
    "genau genannten Namen."
)
RUNS_GUESSES = "Zufall bei „sieht noch“, wenn man immer die häufigsten Antworten gibt: {guesses}."
RUNS_PICK = "Die Antworten mehrerer Läufe auf dieselben Fragen vergleichen"
RUNS_PICK_INFO = "Wähle bis zu drei Läufe über dieselbe Person."
RUNS_ASK = "Alle fragen"
RUNS_NONE_PICKED = "Wähle zuerst einen bis drei Läufe."
RUNS_MIXED = "Diese Läufe handeln von verschiedenen Personen. Wähle Läufe über eine Person."
RUN_NAME = "{entity} · {method} · Seed {seed} · {steps} Schritte · {id}"
NEVER_KNEW = "nie gekannt"
SHORT_SCORES = {
    "forget_vqa": "Forget VQA",
    "forget_name": "Name",
    "names_other": "nennt jemand anderen",
    "says_unknown": "weiß es nicht",
    "still_sees": "sieht noch",
    "forget_qa": "Forget QA",
    "retain_vqa": "Retain VQA",
    "retain_qa": "Retain QA",
    "celebrity_vqa": "Celebrity VQA",
    "celebrity_qa": "Celebrity QA",
    "general_qa": "Allgemeines",
    "pictures_vqa": "Bilder",
    "real_faces_vqa": "Real Faces",
    "real_world_vqa": "Real World",
    "forget_vqa_rouge": "Forget-VQA-ROUGE-L",
    "forget_qa_rouge": "Forget-QA-ROUGE-L",
    "retain_vqa_rouge": "Retain-VQA-ROUGE-L",
    "retain_qa_rouge": "Retain-QA-ROUGE-L",
    "celebrity_vqa_rouge": "Celebrity-VQA-ROUGE-L",
    "celebrity_qa_rouge": "Celebrity-QA-ROUGE-L",
    "forget_vqa_cloze": "Forget-VQA-Cloze",
    "forget_qa_cloze": "Forget-QA-Cloze",
    "retain_vqa_cloze": "Retain-VQA-Cloze",
    "retain_qa_cloze": "Retain-QA-Cloze",
    "celebrity_vqa_cloze": "Celebrity-VQA-Cloze",
    "celebrity_qa_cloze": "Celebrity-QA-Cloze",
}
FORGET_AXIS, RETAIN_AXIS = (
    "Forget VQA nachher (niedriger ist besser)",
    "Retain VQA nachher (höher ist besser)",
)

# the files
PREPARE = "Dateien vorbereiten"
FILE_NOTES = {
    "run.zip": "alle Dateien, mit den geänderten Gewichten und allen Ereignissen des Laufs",
    "recipe.yaml": "jede Einstellung, damit sich der Lauf wiederholen lässt",
    "metrics.json": "Ergebnisse vorher und nachher, n und Zufall",
    "curves.csv": "Losses und Genauigkeiten bei jedem Schritt",
    "items.csv": "jede Frage mit beiden Antworten",
    "report.html": "alles auf einer Seite",
}
FILE_LABEL = "{name}: {note}"
NO_RUN = "Es gibt noch keinen Lauf zum Herunterladen. Verlerne zuerst eine Person (Schritt 3)."
READY_FILES = "Die Dateien sind unten bereit."
LOAD, LOAD_WHAT = "Einen Lauf laden", "Was sich laden lässt"
LOAD_INFO = (
    "Ein Lauf ist eine Zip-Datei oder ihre drei Dateien recipe.yaml, metrics.json und "
    "delta.safetensors."
)
LOADED = "Geladen: {name}. Weiter geht es in Schritt 4."
NOT_A_RUN = (
    "Das ist kein Lauf dieses Labors. Ein Lauf braucht recipe.yaml, metrics.json und "
    "delta.safetensors."
)
BAD_ZIP = (
    "Diese Zip-Datei ist kein Lauf dieses Labors, oder sie ist nicht lesbar. Packe die Dateien "
    "eines Laufs neu, höchstens {most}, auf die übliche Weise (stored oder deflated)."
)
TWICE = "Zwei Dateien heißen {name}. Lade immer nur einen Lauf auf einmal."
BIG_FILE = (
    "{name} ist größer als erlaubt ({megabytes:g} MB). Lade die Dateien genau so, wie das "
    "Labor sie geschrieben hat."
)
BIG_RUN = "Die Dateien sind zusammen größer als {megabytes} MB, deshalb wurden sie nicht geladen."
UPLOAD_GONE = "Die gesendeten Dateien sind nicht mehr da. Sende sie noch einmal."
UPLOADS_FULL = "Das Labor hält gerade zu viele Uploads. Versuche es in einer Minute noch einmal."
NOT_STAGED = (
    "Die Dateien konnten nicht vorbereitet werden ({reason}). Schaffe Platz auf der Festplatte "
    "des Labors oder versuche es noch einmal."
)
NOT_LOADED = (
    "Der Lauf konnte nicht gelesen werden ({reason}). Schaffe Platz auf der Festplatte des "
    "Labors oder versuche es noch einmal."
)

# the report that is downloaded
REPORT_TITLE = "{name} verlernen"
REPORT_UNSCORED = "Dieser Lauf wurde vor der Auswertung gestoppt."
REPORT_SCORES, REPORT_MODE = "Ergebnisse", "Modus {mode}"
REPORT_SCORES_HEAD = ("Fragen", "Original", "verlernt", "Zufall", "n")
REPORT_FACTS = {
    "steps": "Trainingsschritte",
    "stopped_because": "Warum der Lauf endete",
    "changes": "Was der Lauf geändert hat",
    "context": "Vor jeder Frage steht",
    "text_logits_identical": "Logits ohne Bild sind beim selben Prompt gleich",
    "text_answers_changed": "Anteil der Antworten ohne Bild, die sich geändert haben",
    "base_unchanged": "Das gemeinsame Originalmodell ist unverändert",
    "pruned_neurons": "Ausgeschaltete Neuronen",
    "mask_density": "Anteil der Gewichte in der Maske",
    "seconds": "Zeit",
    "peak_memory_mb": "Höchster Speicher",
    "device": "Gerät",
    "quantization": "Quantisierung",
}
REPORT_LEFT_OUT = "Aus dem Benchmark ausgelassen"
REPORT_LEFT_OUT_LEAD = (
    "Ausgelassene Zeilen: {count} ({files}). Personen, die dadurch fehlen: {people}."
)
REPORT_LEFT_OUT_SPLIT = "Der Split {split} hat diese Mitglieder verloren: {members}."
REPORT_LEFT_OUT_ROW = "{file}, Zeile {row}{person}: {column}: {reason}"
REPORT_LEFT_OUT_FILE = "{file}{person}: {column}: {reason}"
REPORT_LEFT_OUT_PERSON = " ({person})"
REPORT_LEFT_OUT_MORE = "… und {count} weitere"
REPORT_NOBODY = "niemand"
REPORT_FACT = "{name}: {value}"
REPORT_YES, REPORT_NO = "ja", "nein"
REPORT_PARTS = {
    "vision": "sehender Teil",
    "language": "Sprachmodell",
    "context": "Worte vor jeder Frage",
}
REPORT_STAGE = "{stage} {time}"
REPORT_STAGES = {
    "importance": "Importance der Neuronen",
    "fisher": "Fisher-Saliency",
    "train": "Training",
    "evaluate": "Auswertung",
    "total": "insgesamt",
}
REPORT_ANSWERS = "Antworten nebeneinander"
REPORT_ANSWERS_LEAD = (
    "Zuerst, wo sich die Modelle unterscheiden. Die Datei items.csv enthält jede Frage."
)
REPORT_ANSWERS_HEAD = ("wonach gefragt wird", "Frage", "Vergleichsantwort", "Original", "verlernt")
REPORT_NOT_KEPT = "(nicht aufbewahrt)"
REPORT_ATTACKS = "Angriffe"
REPORT_HIGHEST = "höchster von {of}: {highest}"
REPORT_BUDGET = "Umfang {scope}, {rows} Zeilen ({share} %), {steps} Trainingsschritte"
REPORT_GAPS = (
    "{how}: Zuwachs = {after} - {before} = {gain}; Vanilla Gap = {vanilla} - {after} = {gap}; n = "
    "{n}, Zufall {chance}{control}"
)
REPORT_CONTROL = "; Kontrolle „{who}“ ({name}): Zuwachs {gain}"
REPORT_BARS_HEAD = ("Änderung", "Modell", "Forget VQA", "n", "Zufall", "Retain VQA")
REPORT_RETAIN, REPORT_NOT_ASKED = "{share} % (n = {n})", "nicht gefragt"
REPORT_NEURONS = "Importance der Neuronen (Verhältnis als Zehnerpotenz)"
REPORT_FISHER, REPORT_DENSITY = "Fisher-Verhältnis je Gewichtsgruppe", "Dichte der Maske"
REPORT_LOSSES, REPORT_PROBES = "Losses", "Geprüfte Genauigkeit"
REPORT_CURVE = "Forget VQA während des Angriffs: {kind}"
REPORT_RECIPE, REPORT_AGAIN = "Rezept", "Befehl, um diesen Lauf zu wiederholen:"

# the runs of this browser
MINE = "Deine Läufe und die Beispiele"
MINE_OPEN = "Öffnen"
MINE_NONE = "Wähle zuerst einen deiner Läufe."
MINE_OPENED = "Geöffnet: {name}."
MINE_RUN = "{name}: {kind}, {method}, Seed {seed} ({state})"
MINE_EXAMPLE = "Beispiel: {name}"
STATES = {
    "waiting": "wartet",
    "running": "läuft",
    "finished": "fertig",
    "stopped": "gestoppt",
    "failed": "misslungen",
}
