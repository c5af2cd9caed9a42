"""German: the header, the names of the steps, the line about a run, and the door."""

TITLE = "MLLM Unlearning Lab"

# What stands in a number: NUMBERS is what every string's format goes by. SHARE: how shares are written.
NUMBERS = {"decimal": ",", "thousands": ".", "percent": "\u00a0%"}
SHARE, WHOLE_SHARE = "{share:.1%}", "{share:.0%}"
NUMBER, MEAN, GRADE = "{number:g}", "{mean:.1f}", "{grade:.2f}"
WITHIN = "\u00a0±\u00a0{points:.1f}"  # never broken
LANGUAGE, LANGUAGES = "Sprache", {"en": "English", "de": "Deutsch"}

# header
MODEL, QUANTIZATION, DEVICE, MEMORY, WORKER = (
    "Modell",
    "Quantisierung",
    "Gerät",
    "Speicher",
    "Rechner",
)
MEMORY_VALUE = "{used:.1f} von {total:.1f} GB"
QUEUE_SUFFIX = "{worker}, {waiting} warten"
WORKERS = {"idle": "frei", "busy": "beschäftigt", "starting": "startet", "failed": "ausgefallen"}
LOADING = "Das Labor wird vorbereitet: {phase}. Du kannst schon eine Person wählen."
LOADING_WORKER = "wird vorbereitet"
ENGINE_ERROR = "Das Modell konnte nicht geladen werden: {error}"
LEFT_OUT = "Ausgelassene Zeilen des Benchmarks: {count} ({files}). Die erste: {first}"
LOST_PEOPLE = "Personen, die dadurch fehlen: {count} ({people})."
LOST_MEMBERS = (
    "Der Split {split} hat diese Mitglieder verloren: {members}. Er kann nur verlernt werden, "
    "wenn das Labor mit --allow-partial gestartet wird."
)
CHANGE_FAILED = "Der Wechsel ist misslungen, und das vorige Modell bleibt: {error}"
CHANGING = (
    "Das Modell für alle hier wird gewechselt, zu {model} mit {benchmark}. Neue Läufe warten "
    "darauf."
)
STOP, RESET, DOWNLOAD, COPY_LINK = "Stopp", "Zurück zum Original", "Herunterladen", "Link kopieren"


LINK_COPIED = "Der Link zu diesem Rezept ist jetzt in der Zwischenablage."
LINK_MANUAL = "Kopiere diesen Link: "
HELLO = "Beginne mit Schritt 1: Wähle eine Person."
HELLO_EXAMPLE = (
    "Alles hier wurde bei einem Lauf aufgezeichnet. Wähle eine Person und probiere es selbst."
)
NO_PERSON = "Person wählen"
RUN_IT = "Selbst starten"
MORE_PANEL = "Modell, Downloads, Link, Sprache und Farben"
TAB_DONE = "(hat ein Ergebnis)"
THEME, THEMES = "Farben", {"auto": "wie das System", "light": "hell", "dark": "dunkel"}
CHIP_EXAMPLE, CHIP_NOTHING = "Beispiel, aufgezeichnet", "Kein Lauf"
CHIPS = {
    "inspect": {
        "waiting": "Wartet auf den Blick",
        "running": "Schaut hinein",
        "finished": "Hineingeschaut",
        "stopped": "Blick gestoppt",
        "failed": "Blick misslungen",
    },
    "unlearn": {
        "waiting": "Wartet aufs Vergessen",
        "running": "Vergisst gerade",
        "finished": "Vergessen",
        "stopped": "Früh gestoppt",
        "failed": "Lauf misslungen",
    },
    "attack": {
        "waiting": "Angriff wartet",
        "running": "Wird angegriffen",
        "finished": "Angegriffen",
        "stopped": "Angriff gestoppt",
        "failed": "Angriff misslungen",
    },
}
CHIPS["change"] = {
    "waiting": "Wartet aufs Laden",
    "running": "Lädt",
    "finished": "Geladen",
    "stopped": "Nicht geladen",
    "failed": "Nicht geladen",
}
CHIP_LOOKS = "Modelle werden gefragt"
LOOKS = {
    "probes": "Die festen Fragen werden gestellt.",
    "identity": "Jede Tiefe wird getestet.",
    "neuron": "Bilder werden an einem Neuron ausprobiert.",
    "left": "Das verlernte Modell wird vermessen.",
    "where": "In jeder Tiefe werden Aktivierungen eingesetzt.",
}
LOOKS_GO_ON = "Es läuft nichts, das sich stoppen lässt. Das hier endet von selbst: {looks}"
ABOUT_OTHER = "{name}: {line}"
MORE_WAIT = "Noch {count} von dir in der Warteschlange."
NOTHING_RUNS = "Es läuft nichts."
STOPPING = (
    "Wird nach dem aktuellen Trainingsschritt gestoppt: {which}. Was bis dahin gelernt wurde, "
    "bleibt."
)
RUN_OF = "{kind} ({name})"
RESET_DONE = (
    "Du bist wieder beim Originalmodell. Deine früheren Läufe sind unverändert: Öffne sie in "
    "Schritt 6."
)
LINK_WRONG = "Eine Einstellung des Links wird nicht verwendet: {why}."
LINK_UNKNOWN = "Der Link nennt etwas, das keine Einstellung dieses Labors ist: {key}."
LINK_OTHER = (
    "Dieser Link handelt von {model} mit {benchmark}, und dieses Labor hat {loaded} mit "
    "{loaded_benchmark} geladen: Ein anderes Modell kann andere Ergebnisse liefern."
)

# steps
STEPS = ("1 Person", "2 Innen", "3 Vergessen", "4 Fragen", "5 Angriff", "6 Ergebnis")
# a run at one glance
GLANCE_GLOW = "Porträt von {name}. Es ist dort heller, wo die ausgeschalteten Neuronen feuern."
GLANCE_OFF = "{off:,} von {total:,} Neuronen aus"
GLANCE_PAIRS = {
    "forget_vqa": "dieses Gesicht",
    "retain_vqa": "andere Gesichter",
    "retain_qa": "im Text",
}
GLANCE_N, GLANCE_CHANCE = "n {n}", "{sizes}, Zufall {chance:.0%}"
GLANCE_ASKED = "Wer ist das?"
GLANCE_BEFORE, GLANCE_AFTER = "Vorher:", "Nachher:"
GLANCE_ATTACK = "Angriff: {before} → {after}."
GLANCE_CONTROL = {
    "never_knew": "Nie gekannt: {before} → {after}.",
    "text_only": "Nur Text: {before} → {after}.",
}
GLANCE_EMPTY = "Noch nicht vergessen. Drücke „Selbst starten“: Es dauert ein bis zwei Minuten, wenn niemand vor dir wartet."

# the line about a run
RUN_KINDS = {
    "inspect": "Der Blick ins Innere",
    "unlearn": "Das Verlernen",
    "attack": "Der Angriff",
    "change": "Das Laden eines anderen Modells",
}
NAMED_ATTACK = "Der Angriff „{attack}“"
WAITING = "{name} wartet noch."
WAITING_AT = "{name} wartet auf Platz {place} der Warteschlange."
RUNNING = "{name} läuft."
RUNNING_AT = "{name} läuft: {progress}"
FINISHED = "{name} ist fertig{time}{reason}."
FINISHED_TIME, FINISHED_REASON = " nach {duration}", ": {reason}"
REASONS = {
    "done": "alles wurde gemessen",
    "steps done": "alle {steps} Trainingsschritte sind getan",
    "forget accuracy reached": (
        "die Forget-Genauigkeit war nach {step} von {steps} Schritten niedrig genug"
    ),
    "retain drop reached": (
        "die Retain-Genauigkeit war nach {step} von {steps} Schritten zu weit gefallen"
    ),
    "pruned: this method trains nothing": (
        "die Neuronen sind ausgeschaltet, und diese Methode trainiert nichts"
    ),
    "put in front: this method trains nothing": (
        "ihre Worte stehen vor jeder Frage, und diese Methode trainiert nichts"
    ),
}
STOPPED = "{name} wurde gestoppt{time}{place}."
STOPPED_TIME, STOPPED_PLACE = " nach {duration}", ", bei Trainingsschritt {step} von {steps}"
FAILED, FAILED_BECAUSE = "{name} ist misslungen.", "{name} ist misslungen: {error}"
STEP_OF = "Trainingsschritt {step} von höchstens {steps}"
PACE = "{pace:.2f} s je Schritt"
ESTIMATING = "die restliche Zeit wird geschätzt"
TIME_LEFT = "insgesamt noch etwa {left}"
TRAINING_LEFT = "noch höchstens {left} Training, dann die Auswertung"
PHASES = {
    "importance": "die Importance der Neuronen wird gemessen",
    "fisher": "die Fisher-Information wird gemessen",
    "look ahead": "vorausgeschaut wird, was ein Neulernen anheben würde",
    "teacher": "die Merkmale des Lehrers werden gespeichert",
    "context": "vorbereitet wird, was vor den Fragen steht",
    "evaluate": "die Fragen werden gestellt",
    "attack unlearned": "das verlernte Modell wird angegriffen",
    "attack original": "das Originalmodell wird angegriffen",
    "attack never_knew": "die Kontrolle „Nie gekannt“ wird angegriffen",
    "attack text_only": "die Kontrolle „Nur Text“ wird angegriffen",
    "kept never_knew": (
        "die Kurve der Kontrolle „Nie gekannt“ wird gelesen, sie stammt aus einem früheren Angriff"
    ),
    "kept text_only": (
        "die Kurve der Kontrolle „Nur Text“ wird gelesen, sie stammt aus einem früheren Angriff"
    ),
    "shipped never_knew": (
        "die Kurve der Kontrolle „Nie gekannt“ wird gelesen, sie liegt dem Labor bei"
    ),
    "shipped text_only": (
        "die Kurve der Kontrolle „Nur Text“ wird gelesen, sie liegt dem Labor bei"
    ),
    "again": "der Lauf beginnt von vorn, weil der Prozess geendet hat, in dem er lief",
}
PHASE_OF = "{name}, {done} von {total}"
SECONDS, MINUTES = "{seconds:.0f} s", "{minutes:.0f} min {seconds:.0f} s"
GONE = (
    "Dieser Lauf ist nicht mehr im Speicher. Starte ihn neu oder lade seine Dateien in Schritt 6."
)
FOREIGN_RUN = "Dieser Lauf gehört zu einem anderen Modell: {other}."
FOREIGN_OPEN = (
    "Dieser Lauf gehört zu einem anderen Modell ({other}). Lade zuerst jenes, im Menü „…“."
)
FOREIGN_NAME = "{name} ({other})"

# the door
STRANGE_HOST = (
    "Dieses Labor antwortet nicht auf den Namen {host}. Starte es mit --allow-host {host} oder "
    "öffne die Adresse, die es beim Start ausgegeben hat."
)
STRANGE_ORIGIN = (
    "Eine andere Website darf das nicht senden. Öffne das Labor selbst oder starte es mit "
    "--allow-host NAME."
)
NO_ARGUMENTS = "keine"
API_ARGUMENTS = "Falsche Argumente für {name}. Es nimmt genau diese: {wanted}"
API_WORD = "{name} muss ein Text sein, nicht {kind}."
API_SETTINGS = (
    "Die Einstellungen müssen ein Objekt aus Schlüsseln und Werten des Rezepts sein, nicht {kind}."
)
API_START = "start muss die Nummer eines Ereignisses sein: 0, oder was next zuletzt sagte."
API_NOBODY = "Unbekannte entity {entity}: Gib eine id, die der Endpunkt entities nennt, oder einen leeren Text."
API_ENTITY = "Lass entity in den Einstellungen weg: Es ist das erste Argument."
BODY_LENGTH = "Die Anfrage muss sagen, wie lang sie ist: Sende ein Content-Length mit."
BODY_LARGE = "Die Anfrage ist insgesamt größer als {megabytes} MB. Sende weniger auf einmal."

# a recorded example
EXAMPLE_OF = "Beispiel von {name}"
EXAMPLE_NOTE = "Beispiel von {name}: {method}, Seed {seed}, {steps} Schritte, {date}, {machine}"
