"""German: the entry of a room, its teacher's page, and what visitors hear from the teacher."""

# the entry
ROOM_ENTRY_TITLE = "Den Raum betreten – MLLM Unlearning Lab"
ROOM_LEAD = (
    "In diesem Labor vergisst ein Modell, wie eine Person aussieht. Betritt den Raum mit dem Code, den "
    "du von deiner Lehrkraft bekommst."
)
ROOM_CODE, ROOM_CODE_HINT = "Raumcode", "Sechs Buchstaben. Groß oder klein ist gleich."
ROOM_PASSWORD, ROOM_PASSWORD_HINT = "Passwort", "Ein Passwort für alle in diesem Labor."
ROOM_NICKNAME = "Spitzname"
ROOM_NICKNAME_HINT = "Deine Lehrkraft sieht ihn. Es muss nicht dein richtiger Name sein."
ROOM_ENTER = "Eintreten"
ROOM_KEPT = (
    "Du brauchst kein Konto und keine E-Mail-Adresse. Spitznamen, Läufe, hinzugefügte Personen und "
    "Nachrichten werden nach {days:g} Tagen gelöscht."
)
ROOM_KEPT_ALWAYS = "Du brauchst kein Konto und keine E-Mail-Adresse. Was du hier machst, bleibt, bis es jemand löscht."
ROOM_CLOSED = "Betritt zuerst den Raum: Öffne das Labor in einem Browser und gib den Code und einen Spitznamen an."

# what a visitor hears
ROOM_FROM_TEACHER = "Deine Lehrkraft sagt: {words}"
ROOM_LOOK_HERE = "Deine Lehrkraft holt alle hierher: {step}."
ROOM_PAUSED = "Deine Lehrkraft hat die Warteschlange angehalten. Wartende Läufe beginnen, wenn die Warteschlange weitergeht."
ROOM_DISMISS, ROOM_TIME_LEFT, ROOM_TIME_UP = "Schließen", "Noch {left}", "Die Zeit ist um."

# the teacher's page
ROOM_TEACHERS, ROOM_TEACHER, ROOM_SOMEBODY = "Seite der Lehrkraft", "die Lehrkraft", "jemand"
ROOM_KEY = "Schlüssel der Lehrkraft"
ROOM_KEY_LEAD = (
    "Öffne den Link für die Lehrkraft, den das Labor beim Start ausgegeben hat, oder tippe den "
    "Schlüssel, der darin hinter dem # steht."
)
ROOM_KEPT_TEACHER = "Was Besucher hinterlassen, wird nach {days:g} Tagen gelöscht."
ROOM_BY_PASSWORD = "mit Passwort"
ROOM_TO_LAB = "Das Labor selbst öffnen"
ROOM_PEOPLE, ROOM_QUEUE = "Wer ist wo", "Die Warteschlange"
ROOM_PEOPLE_HEAD = ("Spitzname", "Schritt", "Jetzt", "Lauf")
ROOM_QUEUE_HEAD = ("Platz", "Lauf", "Was tun")
ROOM_NOBODY = "Noch niemand ist eingetreten."
ROOM_DOING = {
    "away": "nicht da",
    "nothing": "noch kein Lauf",
    "waiting": "der Lauf wartet noch",
    "running": "ein Lauf ist unterwegs",
    "ended": "der Lauf ist zu Ende",
}
ROOM_STUCK = "{doing}, seit {minutes:.0f} Minuten kein Fortschritt"
ROOM_STUCK_AFTER, ROOM_MINUTES = (
    "Als festgefahren zeigen nach",
    "{minutes} Minuten ohne Fortschritt",
)
ROOM_RUN = "{nickname}: {kind}, {person}, Methode {method}"
ROOM_QUEUE_EMPTY = "Kein Lauf wartet."
ROOM_PAUSE, ROOM_GO_ON = "Warteschlange anhalten", "Warteschlange weitergehen lassen"
ROOM_PAUSED_NOW = "Die Warteschlange ist angehalten. Was läuft, läuft weiter. Sonst beginnt nichts."
ROOM_FIRST, ROOM_LAST, ROOM_CANCEL = "Nach vorn", "Nach hinten", "Herausnehmen"
ROOM_PREDICTED = "Was der Raum vorhersagt"
ROOM_PREDICTED_HEAD = ("Frage", "Antworten", "Anzahl")
ROOM_PREDICTED_NONE = "Noch niemand hat etwas vorhergesagt. Hier sieht man nur die Anzahlen."

ROOM_SHOW = "Allen zeigen"
ROOM_SHOWN_NOTHING = "Die Seiten zeigen gerade nichts von dir."
ROOM_LOOK_NOW = "Alle wurden zu {step} geholt."
ROOM_SAID_NOW = "Nachricht: {words}"
ROOM_TIMER_NOW = "Die Uhr läuft noch {left}."
ROOM_STEP, ROOM_WITH_RUN, ROOM_NO_RUN = "Schritt", "Mit diesem Lauf", "kein Lauf"
ROOM_BRING, ROOM_LET_GO = "Alle hierher schauen", "Freigeben"
ROOM_BRING_NOTE = (
    "Der Lauf ist damit für den Raum freigegeben. Alle können von dort weitergehen, wie sie wollen."
)
ROOM_MESSAGE, ROOM_SAY, ROOM_TAKE_BACK = "Nachricht an den Raum", "Senden", "Zurücknehmen"
ROOM_TIMER, ROOM_START_TIMER, ROOM_NO_TIMER = "Uhr in Minuten", "Starten", "Wegnehmen"

ROOM_SETTINGS = "Einstellungen des Raums"
ROOM_LOCK, ROOM_GIVE = "sperren", "vorgeben"
ROOM_HOW, ROOM_OTHER, ROOM_VALUE, ROOM_SET = "Wie", "Andere Einstellung", "Wert", "Setzen"
ROOM_SET_NOTE = (
    "Eine gesperrte Einstellung hat für alle diesen einen Wert, andere Läufe werden abgelehnt. Eine "
    "Vorgabe wird auf jeder Seite eingetragen und kann dort geändert werden."
)
ROOM_LOCKED, ROOM_PRESET, ROOM_FREE = (
    "{label}: gesperrt auf {value}",
    "{label}: vorgegeben mit {value}",
    "Frei lassen",
)
ROOM_PEOPLE_SET, ROOM_CLOSED_SET = "Nur diese Personen: {people}", "Geschlossen: {steps}"
ROOM_ALL_FREE = "Nichts ist gesperrt oder vorgegeben, alle Schritte sind offen."
ROOM_STEPS_OPEN, ROOM_CHOOSE_PEOPLE = "Offene Schritte", "Personen auswählen"
ROOM_PEOPLE_HINT = "Ist niemand angekreuzt, dürfen alle gewählt werden."
ROOM_DONE = "Erledigt."
ROOM_LOST = "Das Labor antwortet nicht. Diese Seite versucht es weiter."

# what the teacher takes home
ROOM_EXPORT = "Den Raum mitnehmen"
ROOM_EXPORT_LEAD = "Alle Läufe und Angriffe des Raums, mit Spitznamen, Einstellungen und Zahlen."
ROOM_CSV, ROOM_HTML = "Läufe als CSV", "Bericht als HTML"
ROOM_REPORT = "Ein Raum des MLLM Unlearning Lab, {date}"
ROOM_REPORT_LEAD = "{people} Personen, {runs} Läufe, {attacks} Angriffe."
ROOM_RUNS, ROOM_ATTACKS = "Läufe", "Angriffe"
ROOM_RUNS_HEAD = ("Spitzname", "Über wen", "Methode", "Stand")
ROOM_ATTACKS_HEAD = (
    *("Spitzname", "Über wen", "Angriff", "Stand", "Vorher", "Nachher"),
    *("n", "Zufall", "Kontrollen nach demselben Angriff"),
)
ROOM_CONTROL = "{name}: {after}"
ROOM_FIGURE = "{before} → {after} (n = {n})"
ROOM_FIGURE_CHANCE = "{before} → {after} (n = {n}, Zufall {chance})"
