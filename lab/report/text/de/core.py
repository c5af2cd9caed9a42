"""German: what the core says to a visitor in English, by the keys of the English ones."""

CORE = {
    # phases
    "starting": "startet",
    "failed": "ausgefallen",
    "once_more": "{file} ist beschädigt oder fehlt: {folder} wird neu erzeugt …",
    "proving": (
        "Geprüft wird, ob die Teile des Modells so arbeiten, wie sie gefunden wurden (einmalig) …"
    ),
    "slow_family": (
        "Jede Frage braucht bei dieser Familie einen eigenen Durchgang; das ist langsamer."
    ),
    "merging": "{folder} wird in seine Basis eingefügt (einmalig) …",
    "loading": "Das Modell wird geladen ({quantization}) …",
    "assembling": "Das Modell {folder} wird zusammengesetzt (etwa 10 s, einmalig) …",
    "downloading": "Das Sprachmodell wird heruntergeladen (93 MB, einmalig) …",
    "converting": "Das Sprachmodell wird umgewandelt (etwa 30 s, einmalig) …",
    # runs
    "still_loading": "Das Modell wird noch geladen ({phase}): Warte einen Moment",
    "loaded_again": "Inzwischen wurde ein anderes Modell geladen: Frage noch einmal",
    "restarted": (
        "Dieser Lauf ist nicht mehr da (das Labor wurde neu gestartet): Starte einen neuen "
        "oder lade seinen heruntergeladenen Ordner"
    ),
    "yours_wait": (
        "{waiting} {what} von dir warten schon: Warte, bis einer davon fertig ist, oder stoppe "
        "einen und versuche es dann noch einmal"
    ),
    "all_wait": "{most} {what} warten schon: Versuche es später noch einmal",
    "memory_short": (
        "Dieser Rechner hat noch {free} MB Arbeitsspeicher frei, und ein Lauf wird erst ab "
        "{least} MB angenommen: Versuche es später noch einmal"
    ),
    "runs": "Läufe",
    "questions": "Fragen",
    "no_neuron": "Es gibt kein Neuron {neuron} in {layer}: Gültig sind {names}",
    "nothing_to_compare": (
        "Es gibt noch nichts zu vergleichen: Verlerne zuerst und warte, bis es fertig ist"
    ),
    "not_recorded": (
        "das wurde beim Beispiel nicht aufgezeichnet: Vergiss die Person selbst und frage dann"
    ),
    "nothing_to_attack": "Es gibt noch nichts anzugreifen: Verlerne zuerst",
    "both_ways": (
        "Dieses Modell liest einen Prompt in beide Richtungen, seine Wörter sagen also nichts "
        "voraus: Stelle estimate auf neuron oder weight"
    ),
    "many_events": "{file} hat mehr als {most} Zeilen: Gib die Datei, wie sie heruntergeladen wurde",
    "attack_too_early": "Dieser Lauf ist noch nicht zu Ende: Greife ihn danach an",
    "not_changed": (
        "Dieser Lauf hat das Modell noch nicht geändert: Warte, bis sein Training begonnen hat"
    ),
    "files_gone": (
        "Die Dateien dieses Laufs sind nicht mehr auf der Festplatte: Starte einen neuen oder "
        "lade seinen heruntergeladenen Ordner"
    ),
    "other_weights": (
        "{file} dieses Angriffs enthält nicht die Gewichte, die er hinterließ (ihr Hash ist "
        "anders): Greife noch einmal an"
    ),
    "nothing_yet": "Dieser Lauf hat noch nichts zum Herunterladen: Warte, bis er beendet ist",
    "no_replica": "Gerade ist kein Replikat des Modells bereit: Warte einen Moment",
    "apart": (
        "Diese Läufe sind auf verschiedenen Replikaten, bis sie enden: Warte, oder frage nach einem "
        "von ihnen"
    ),
    "replica_gone": (
        "Die Gewichte dieses Laufs waren im Speicher eines Replikats, das geendet hat: Starte ihn "
        "noch einmal"
    ),
    "lost_twice": (
        "Das Replikat, das antwortete, hat unerwartet geendet, und das nächste auch: Frage später "
        "noch einmal"
    ),
    "lost_again": (
        "Die Replikate, die an diesem Lauf arbeiteten, haben {count}-mal unerwartet geendet: "
        "Versuche leichtere Einstellungen"
    ),
    "lost_here": (
        "Das Labor hat {count}-mal geendet, während es an diesem Lauf arbeitete: Versuche leichtere "
        "Einstellungen"
    ),
    "begun_anew": "Das Labor endete, während dieser Lauf lief, darum beginnt er von vorn",
    "died": "Die Rechenarbeit brach unerwartet ab und wurde neu gestartet: Versuche es noch einmal",
    "weights_differ": (
        "Die Gewichte im Speicher sind nicht die, die dieser Lauf hinterließ: Starte das Labor neu"
    ),
    "in_memory": (
        "nur im Speicher gehalten und bei einem Neustart verloren: {why}, bereite dann die "
        "Dateien des Laufs im letzten Schritt vor"
    ),
    "unchecked": (
        "dieser Ordner entstand, bevor das Labor einen Hash der Gewichte aufbewahrte, also "
        "zeigt nichts, dass es noch die Gewichte dieses Laufs sind"
    ),
    "about_person": "Ein Lauf über diese Person ist im Gang: Stoppe ihn zuerst",
    "foreign": "Dieser Lauf gehört zu einem anderen Modell ({other}): Lade zuerst jenes",
    "would_be_lost": "Die Gewichte des Laufs {id} würden verloren gehen, sie sind {why}",
    # turns, and whose things are
    "run_not_yours": (
        "Dieser Lauf gehört jemand anderem, und nur wer ihn gestartet hat, kann ihn {do}: "
        "Starte einen eigenen"
    ),
    "person_not_yours": (
        "Diese Person gehört jemand anderem, und nur wer sie hinzugefügt hat, kann sie {do}: "
        "Füge eine eigene hinzu"
    ),
    "run_not_shared": (
        "Dieser Lauf gehört jemand anderem und ist nicht geteilt: Bitte darum, ihn zu teilen, "
        "oder starte einen eigenen"
    ),
    "person_not_shared": (
        "Diese Person gehört jemand anderem: Wähle eine andere oder füge eine eigene hinzu"
    ),
    "do_stop": "stoppen",
    "do_move": "verschieben",
    "do_change": "ändern",
    "do_share": "teilen",
    "do_download": "herunterladen",
    "do_attack": "angreifen",
    "do_remove": "entfernen",
    "begun": "Dieser Lauf wartet nicht mehr: Stoppe ihn und starte einen anderen",
    "at_the_end": (
        "Dieser Lauf ist schon der {end} deiner Läufe, die warten: Verschiebe einen anderen"
    ),
    "end_first": "erste",
    "end_last": "letzte",
    "attack_settings": (
        "Ein Angriff hat die Einstellungen eines Angriffs, jeder andere Lauf ein Rezept"
    ),
    "same_person": (
        "Ein Lauf, der wartet, bleibt bei derselben Person: Starte für eine andere einen neuen"
    ),
    # the choice of a model
    "unknown": "Unbekannt ({what}): {name}. Gültig sind {valid}",
    "loaded_before": "Davor wurde ein anderes Modell geladen",
    "closed": (
        "Das Modell dieses Labors lässt sich nicht auf der Seite wechseln: Frage die Person, die "
        "es gestartet hat; --allow-change erlaubt es"
    ),
    "loaded_already": "{model} ist schon geladen: Wähle etwas anderes",
    "changing": (
        "Das Modell für alle hier wird gerade gewechselt, zu {model} mit {benchmark}: Warte, "
        "bis es geladen ist"
    ),
    "cannot_stop": (
        "Das Modell wird gerade geladen, und das lässt sich nicht stoppen: Wähle danach noch einmal"
    ),
    "cannot_load": "{model} mit {benchmark} lässt sich nicht laden: {problem}",
    "does_not_fit": (
        "{model} passt nicht: Es braucht {needed} GB bei {quantization}, und auf {device} "
        "können {free} GB frei sein: Wähle eine andere Quantisierung oder ein kleineres Modell"
    ),
    "agree": "{gb} GB müssen zuerst heruntergeladen werden: Stimme dem zu und lade noch einmal",
    # chat
    "empty_question": "Die Frage ist leer: Schreibe eine oder wähle eine der vorgeschlagenen",
    "long_question": "Die Frage ist länger als {most} Zeichen: Kürze sie",
    "many_turns": (
        "Dieses Gespräch hat schon {most} Fragen: Drücke „Leeren“, um ein neues zu beginnen"
    ),
    # methods and attacks
    "no_number": (
        "Der Loss ist keine Zahl mehr: Der letzte gute Stand wurde behalten; versuche eine "
        "kleinere Lernrate oder ein kleineres Forget-Gewicht"
    ),
    "attack_no_facts": (
        "{entity} hat keine zwei Fakten, deren Name bekannt ist, also kann keiner untrainiert "
        "bleiben: Wähle einen anderen Angriff"
    ),
    "attack_no_projector": (
        "Der Projektor dieses Modells hat keine lineare Schicht, die man trainieren könnte: Wähle "
        "einen anderen Umfang"
    ),
    "attack_no_number": (
        "Der Loss des Angriffs ist keine Zahl mehr: Versuche eine kleinere Lernrate"
    ),
    "no_memory": (
        "Der Speicher reicht nicht, auch nicht für halb so viel auf einmal: Wähle einen "
        "kleineren Batch, nf4 oder ein kleineres Modell, oder schließe, was das Gerät sonst "
        "noch benutzt"
    ),
    "not_in_halves": (
        "Der Speicher reicht nicht für {rows} von {batch} Forget-Zeilen auf einmal: Der letzte "
        "gute Stand wurde behalten; wähle Batch und Retain-Batch kleiner, nf4 oder ein "
        "kleineres Modell"
    ),
    "manu": (
        "manu braucht eine Frage über {name}, die nicht nach dem Namen fragt: Füge eine hinzu "
        "oder wähle eine andere Methode"
    ),
    "relational": (
        "distance=relational vergleicht Bilder paarweise, und ein Trainingsschritt hat nur "
        "eines: Wähle einen größeren Retain-Batch oder einen anderen Abstand"
    ),
    "strangers": (
        "destination={destination} braucht Bilder von Fremden, und der Benchmark {benchmark} "
        "hat keine: Wähle destination=away"
    ),
    "silence": (
        "silence braucht verborgene Neuronen im Projektor, und der dieses Modells hat keine: "
        "Wähle eine andere Methode"
    ),
    "memory": (
        "Das Modell braucht etwa {needed} GB bei {quantization}, du hast {there}: Wähle "
        "{instead}ein kleineres Modell"
    ),
    # settings
    "unknown_key": "Unbekannter Schlüssel {key} im Rezept: Gültige Schlüssel sind {known}",
    "wrong_kind": "{key}: {value} ist kein {kind}",
    "not_one_of": "{key}: {value} ist keines von {valid}",
    "outside": "{key}: {value} liegt außerhalb von {low} bis {high}",
    "many_blocks": "blocks: {blocks} ist mehr als die {live} aktiven Blöcke dieses Modells",
    # a person of one's own
    "form": "{where}: Schreibe question | answer oder question | answer | wrong | wrong | wrong",
    "line": "Zeile {number}",
    "it": "sie",
    "the_answer": "die Antwort",
    "wrong_answer": "eine falsche Antwort",
    "no_letters": "Der Name hat keine Buchstaben: Gib den Namen der Person an",
    "few_pictures": "{pictures} Bilder: Gib {fewest} bis {most} von einer Person",
    "picture": "Bild {number}: {error}",
    "same_picture": "Bild {number} ist dasselbe wie Bild {other}: Lass eines weg",
    "few_questions": "{questions} Fragen: Gib 1 bis {most} mit ihren Antworten",
    "question": "Frage {number}: {error}",
    "same_question": "Frage {number} steht zweimal da: Lass eine weg",
    "asks_name": "Nach dem Namen fragt das Labor von selbst: Lass diese Frage weg",
    "same_answers": "Die Antwort und die drei falschen müssen alle verschieden sein",
    "gives_away": "{part} verrät den Namen: Schreibe den ganzen Namen oder „this person“",
    "empty": "{what} ist leer: Fülle das aus",
    "longer": "{what} ist länger als {most} Zeichen: Kürze das",
    "here_already": "{name} ist mit diesen Bildern und Fragen schon da, als {id}",
    "many_people": "{most} eigene Personen sind schon da: Entferne zuerst eine davon",
    "cannot_write": "{folder} lässt sich nicht schreiben ({reason}): Schaffe Platz",
    "no_own": "Es gibt keine eigene Person {id}: python -m lab own list zählt sie auf",
    "cannot_delete": "{folder} lässt sich nicht löschen ({reason}): Lösche es von Hand",
    "heavy_picture": "Das Bild hat {size} MB: Nimm eines mit höchstens {most} MB",
    "no_picture": "Das ist kein lesbares Bild: Nimm eine Datei in JPEG, PNG oder WebP",
    "large_picture": "Das Bild ist zu groß: Nimm höchstens {most} Megapixel",
    "damaged_picture": "Das Bild ist beschädigt: Speichere es neu als JPEG, PNG oder WebP",
    # a room and its teacher
    "closed_step": (
        "Deine Lehrkraft hat Schritt {step} gerade geschlossen: Warte, bis er offen ist"
    ),
    "other_people": (
        "Deine Lehrkraft hat andere Personen für diesen Raum ausgewählt: Wähle eine von ihnen"
    ),
    "locked": "Deine Lehrkraft hat {key} für diesen Raum auf {value} gesetzt: Nimm das",
    "teachers_alone": ("Das kann nur die Lehrkraft dieses Raums: Öffne den Link für die Lehrkraft"),
    "no_nickname": ("Der Spitzname ist leer: Schreibe einen Namen, den deine Lehrkraft kennt"),
    "long_nickname": "Der Spitzname hat mehr als {most} Zeichen: Kürze ihn",
    "odd_nickname": (
        "Der Spitzname kann Buchstaben, Ziffern und Emoji haben: Lass andere Zeichen weg"
    ),
    "full_room": "Der Raum ist voll, {most} Personen sind darin: Frage deine Lehrkraft",
    "wrong_tries": ("Zu viele falsche Versuche: Warte {seconds} s, dann versuche es noch einmal"),
    "not_right": "Das stimmt nicht: Sieh es dir noch einmal an, Buchstabe für Buchstabe",
    "long_message": "Die Nachricht hat mehr als {most} Zeichen: Kürze sie",
    "no_step": "Es gibt die Schritte 1 bis 6: Wähle einen davon",
    "no_timer": "Die Uhr nimmt 0 bis {most} Minuten: Gib eine andere Zahl an",
    "broken_room": (
        "{file} ist nicht zu gebrauchen ({error}): Lösche die Datei, und der Raum wird neu gemacht"
    ),
    "old_page": "Die Seite ist von einer anderen Version dieses Labors: Lade sie neu",
    "entity_apart": "Um wen es in einem Lauf geht, wählt man unter Personen: Wähle dort",
    "no_person": "Dieses Labor hat die Person {person} nicht: Lade die Seite neu",
}
