"""German: lessons and the sheet to print. The lessons' own words are in ``presets/lessons/de/``."""

LESSON, LESSON_INFO = "Lektion", "Setzt Person und Rezept und stellt in jedem Schritt Fragen"
NO_LESSON = "Keine Lektion"
LESSON_HEAD = "Lektion: {title}"
LESSON_LEAVE = "Lektion verlassen"
LESSON_RIGHT, LESSON_WRONG = "Richtig.", "Nicht ganz: {answer}."
LESSON_BEGUN = "Die Lektion „{title}“ hat begonnen: {about} Weiter geht es in den Schritten."
LESSON_ENDED = "Die Lektion ist vorbei. Du kannst wieder alles einstellen."
LESSON_PERSON_GONE = (
    "Die Person der Lektion „{title}“ gibt es in diesem Labor nicht: Wähle eine beliebige."
)

SHEET, SHEET_PRINT = "Mein Blatt", "Mein Blatt drucken"
SHEET_TITLE = "Mein Blatt: {title}"
SHEET_PLAIN = "ein Lauf des Labors"
SHEET_ABOUT = "{name} · {date}"
SHEET_NAME = "Name: ______________________"
SHEET_HEAD = ("Schritt", "Mein Tipp", "Was herauskam")
SHEET_ASKED_HEAD = ("Frage", "Meine Antwort", "Richtig")
SHEET_BEST = (
    "Mein bester Lauf: {method}, Seed {seed}: {forget} beim vergessenen Gesicht, {retain} bei "
    "anderen."
)
SHEET_NO_RUN = "Noch kein Lauf von mir ist ausgewertet."
SHEET_EMPTY = "noch kein Ergebnis"
SHEET_NOTES = "Das nehme ich mit:"
