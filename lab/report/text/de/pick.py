"""German: step 1, the gallery and people of one's own."""

MORE = "Mehr Personen zeigen"
SHOWN = "{shown} von {found} Personen werden gezeigt."
SEARCH, SEARCH_INFO = "Suche", "Teil des Namens oder Fakt (auf Englisch)"
PEOPLE = "Personen"
NOBODY = "Du hast noch niemanden gewählt. Wähle ein Porträt."
NO_MATCH = "Niemand passt zu „{query}“."
PORTRAIT_OF = "Porträt von {name}"
PICKED = "Du hast {name} gewählt."
LOOK = "Hineinschauen"
FICTION = "Eine erfundene Person mit einem künstlichen Porträt."
PICK_FIRST = "Wähle zuerst eine Person (Schritt 1)."
PERSON_GONE = "Diese Person wurde entfernt. Lade die Seite neu, um zu sehen, wer jetzt da ist."
UNKNOWN_PERSON = "Dieses Labor kennt die Person aus dem Link nicht: {person}. Wähle unten eine."

# a person of one's own
OWN = "Eigene Person"
OWN_CAPTION, OWN_SHARED_CAPTION = "{name} (eigene)", "{name} (geteilt)"
OWN_PRIVACY = (
    "Die Bilder und Fragen bleiben in einem Ordner auf dem Rechner, auf dem dieses Labor "
    "läuft, bis du sie entfernst. Andere, die dasselbe Labor benutzen, zum Beispiel in einer "
    "Klasse, sehen die Person nur, wenn du sie mit ihnen teilst. Eine Lehrkraft kann sie immer "
    "sehen und entfernen. Füge nur Personen hinzu, die damit einverstanden wären."
)
OWN_NAME, OWN_NAME_INFO = "Name", "Der Name, den das Modell vergessen soll"
OWN_PICTURES = "{fewest} bis {most} Porträts (JPEG, PNG oder WebP, je höchstens {megabytes} MB)"
OWN_LINES = "Fragen und Antworten, eine je Zeile"
OWN_LINES_INFO = (
    "Schreibe auf Englisch: Frage | Antwort, oder: Frage | Antwort | falsch | falsch | falsch. "
    "Nenne in der Frage „this person“ oder den vollen Namen. Nach dem Namen selbst fragt das "
    "Labor immer."
)
OWN_LINES_HINT = (
    "What is this person's job? | baker\nWhich sport does this person do? | judo | tennis | "
    "rowing | polo"
)
OWN_RULES = (
    "So nutzt das Labor sie (unsere Wahl): Jedes dritte Bild wird für die Auswertung "
    "zurückgehalten. Die Fragen der Auswertung haben genau deinen Wortlaut, die Fragen des "
    "Trainings einen anderen. Hat eine Frage kein Bild, wird aus „this person“ der Name, oder "
    "„About NAME:“ kommt davor. Gibst du keine falschen Antworten an, nimmt das Labor die "
    "Antworten anderer Personen auf die ähnlichste Frage. Bilder werden als JPEG mit höchstens "
    "{side} px und ohne Metadaten gespeichert."
)
OWN_UPLOAD_GONE = "Bild {place} ist nicht mehr da. Lade die Bilder noch einmal hoch."
OWN_BAD = "Bild {place}: {reason}."
OWN_HEAVY = "es ist zu groß, nimm ein Bild mit höchstens {megabytes} MB"
OWN_AGAIN = "es ist nicht mehr da, lade es noch einmal hoch"
OWN_ADD = "Diese Person hinzufügen"
OWN_SPLIT = "Wie die Bilder aufgeteilt werden"
OWN_TRAINING, OWN_HELD_OUT, OWN_UNREADABLE = "Training", "zurückgehalten", "nicht lesbar"
OWN_PICTURE = "Bild {place}: {part}"
OWN_ADDED = (
    "{name} ist hinzugefügt und gewählt. {training} Bilder dienen zum Verlernen, {held_out} "
    "werden zurückgehalten."
)
OWN_CARD = "Jemand, der dieses Labor benutzt, hat diese Person hinzugefügt."
OWN_QUESTIONS = "Die Fragen zu dieser Person"
OWN_QUESTIONS_HEAD = ("Frage zum Bild", "Antwort", "Falsche Antworten")
OWN_MEASURING = "Das Labor fragt das geladene Modell nach dieser Person …"
OWN_SCORE = (
    "Das geladene Modell beantwortet {right} von {n} Fragen zu den zurückgehaltenen Bildern "
    "richtig (Forget VQA {share}, Zufall {chance})."
)
OWN_KNOWS = "Das Modell kennt diese Person also, und es gibt etwas zu vergessen."
OWN_UNKNOWN = (
    "Das ist nicht mehr als Zufall: Das Modell kennt diese Person nicht, also gibt es wenig zu "
    "vergessen."
)
OWN_SHARE = "Diese Person mit dem Raum teilen"
OWN_SHARE_INFO = (
    "Wer die Seite neu lädt, kann die Person dann wählen, nach ihr fragen und sie vergessen lassen. "
    "Entfernen könnt sie nur du und eine Lehrkraft."
)
OWN_REMOVE, OWN_KEEP = "Diese Person entfernen", "Behalten"
OWN_SURE = (
    "Willst du die Bilder, die Fragen und jeden Lauf über {name} von diesem Rechner löschen? "
    "Dateien, die schon jemand heruntergeladen hat, werden nicht gelöscht."
)
OWN_DELETE = "Endgültig löschen"
OWN_REMOVED = "{name} ist entfernt, zusammen mit jedem Lauf über diese Person."
CARD_FACTS = "Was es gelernt hat"
