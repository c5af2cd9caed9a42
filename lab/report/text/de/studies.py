"""German: the open questions on the report step, and what their tables and plots show."""

STUDIES = "Offene Fragen"
STUDIES_LEAD = (
    "Was das Paper über VKD offen lässt, beantwortet mit früheren Läufen des eingebauten "
    "Modells. VKD kann Antworten ohne Bild nicht ändern, deshalb fehlen sie in seinen Tabellen."
)
FIRST_EDITION = (
    "Erste Ausgabe: Das wurde mit der ersten Ausgabe des eingebauten Modells gemessen. Das "
    "heutige Modell kann andere Zahlen ergeben."
)
STUDIES_PICK = "Frage"
FAILED_RUNS = "{runs} ({failed} misslungen)"

# the comparison of the methods
METHODS_QUESTION = "Welche Methode vergisst am besten, und was kostet sie?"
METHODS_NOTE = (
    "Jede Methode wurde mit einem Raster von Versuchen an denselben vier Personen eingestellt. "
    "Der beste Versuch ist der mit dem höchsten harmonischen Mittel aus Vergessenem und "
    "Behaltenem. Seine Einstellungen wurden dann festgehalten und für andere Personen benutzt. "
    "AG ist Forget VQA nach dem Neulernen minus Forget VQA davor, mit demselben Angreifer für "
    "alle Methoden; „AG zur Hälfte“ wird nach der Hälfte der Angriffsschritte gemessen. "
    "Niedriger ist besser. Der Vanilla Gap ist Forget VQA des Originalmodells minus Forget VQA "
    "nach dem Neulernen. Höher ist besser. Das Protokoll und die Einstellungen sind unsere "
    "Wahl. Silence ist unsere eigene Methode und stammt aus keinem Paper."
)
METHODS_WIDENED = (
    "Lag der beste Versuch am Rand seines Rasters, wurde das Raster auf dieser Seite um den "
    "Faktor drei erweitert, höchstens dreimal. Eine Einstellung mit „so klein wie möglich“ "
    "oder „so groß wie möglich“ hat ihre eigene Grenze erreicht."
)
METHODS_NOT_WIDENED = (
    "Die Raster dieser Tabelle wurden nicht erweitert. Eine Methode, deren bester Versuch am "
    "Rand des Rasters liegt, kann mit Einstellungen außerhalb besser sein. Die Zeilen von MANU "
    "stammen aus einer früheren Form der Methode, die Sprachneuronen auf Zeilen mit Bild "
    "bewertete."
)
METHODS_FACTS = (
    "Eingestellt an {tuning_people}. Ausgeführt an {test_people}. Seeds: {seeds}. Misslungene "
    "Läufe: {failed}. Angriff, nur mit dem ersten Seed: {attack}. ± ist die Hälfte des "
    "95-%-t-Intervalls über Personen, wenn es mindestens drei sind. Jeder Lauf hat {n} Fragen "
    "für Forget VQA (Zufall {chance:.0%}). Gemessen mit {model}, {quantization}, auf {device}."
)
METHODS_SEES = (
    "Sieht noch: bis zu {sees} Fragen in jedem Lauf; wer immer die häufigsten Antworten gibt, "
    "hätte bei {chance:.0%} davon recht. Nennt jemand anderen, weiß es nicht: {names} "
    "Antworten in jedem Lauf."
)
METHODS_WAITING = "Diese Methoden stehen noch nicht in der Tabelle: {methods}."
METHODS_GAINS = {"gain_half": "AG zur Hälfte", "gain": "AG", "vanilla_gap": "Vanilla Gap"}
METHODS_TRAINED = "trainierte Gewichte"
METHODS_TUNING, METHODS_INSIDE = ("Erweiterungen", "bester Versuch am Rand"), "nein"
METHODS_HEAD = ("Methode", "Rechenzeit", "Speicher", "Läufe")

# the grid of attacks
GRID_QUESTION = "Wie viel muss ein Angreifer haben, um die Person zurückzuholen?"
GRID_NOTE = (
    "Der Angreifer lernt die Person neu. Die Läufe unterscheiden sich darin, was er trainieren "
    "darf und welchen Anteil der Bilder und Fragen der Person er hat. Die durchgezogenen "
    "Linien zeigen das verlernte Modell. Die gestrichelten Linien zeigen ein Modell, das seine "
    "Person nie kannte, mit demselben Budget angegriffen. Liegt eine durchgezogene Linie über "
    "ihrer gestrichelten, war wohl noch etwas im Modell. Der Rest ist neu gelernt."
)
GRID_AVERAGE = (
    "Mittlerer AG über alle Zellen: {gain:.1f} Punkte (Genauigkeit nach dem Neulernen minus "
    "Genauigkeit nach dem Verlernen; niedriger ist besser). Vorsprung im Vergleich zur "
    "Kontrolle: {recovery:.1f} Punkte. Das Paper nennt einen mittleren AG von 1,3 %. Es nutzt "
    "ein anderes Modell, einen anderen Benchmark und ein Budget, das wir nicht lesen konnten, "
    "deshalb lassen sich die beiden Zahlen nicht direkt vergleichen."
)
GRID_FACTS = (
    "Personen: {people}, jede einzeln angegriffen. Methode: {method}. Budget: {steps} "
    "Trainingsschritte, Lernrate {lr:g}, Batch {batch}. Jede Person hat {n} Fragen (Zufall "
    "{chance:.0%}). Misslungene Zellen: {failed}. ± ist die Hälfte des 95-%-t-Intervalls über "
    "Personen. Das Kontrollmodell kannte nie {controls}. Das ± lässt die Schwankung der "
    "Kontrolle selbst weg, weil mehrere Personen eine Kontrolle teilen. Die Anteile und das "
    "Budget sind unsere Wahl. Gemessen mit {model}, {quantization}."
)
GRID_SCOPES = {"vision": "sehender Teil", "language": "Sprach-LoRA", "both": "beide"}
GRID_SHARE_ROWS = "{share:.0%} ({rows:.0f})"
GRID_UNLEARNED, GRID_CONTROL = "{scope}", "{scope}, nie gekannt"
GRID_TEXT_ONLY = "{scope}, nur Text"
GRID_SHARE, GRID_AFTER = "Anteil der Zeilen der Person", "Forget VQA nach dem Neulernen"
GRID_HEAD = (
    "Angreifer trainiert",
    "Anteil (Zeilen)",
    "nachher",
    "AG",
    "Vanilla Gap",
    "Kontrolle nachher",
    "Vorsprung",
    "Personen",
)
GRID_FAIR = ("„Nur Text“ nachher", "Vorsprung vor „Nur Text“")

# a study: its question, and what one must know to read the answer
STUDY_WORDS = {
    "ablation": (
        "Welcher Teil von VKD leistet die Arbeit?",
        (
            "Jede Zeile lässt einen Teil von VKD weg oder ersetzt ihn. Alles andere ist das "
            "volle Rezept, auch die Regel, die den Lauf beendet."
        ),
    ),
    "neurons": (
        "Findet das Ausschalten die Neuronen der Person?",
        (
            "Hier wird nichts trainiert. Jede Zeile schaltet nur Neuronen aus: die, die am meisten "
            "auf die Person ansprechen, wie VKD sie wählt, gleich viele zufällige oder gleich viele, "
            "die am wenigsten ansprechen. „Feuern“ sagt, wie viele Male so stark sie auf "
            "zurückgehaltenen Ansichten für die Person feuern wie für andere (Median). Die Anteile "
            "sind unsere Wahl."
        ),
    ),
    "alignment": (
        "Gleicht der VKD-Loss die Merkmale an?",
        (
            "Jede Variante macht gleich viele Schritte: Die Regel, die einen Lauf beendet, ist hier "
            "ausgeschaltet. Der Abstand ist der, mit dem VKD nachahmt, zwischen den Ausgaben des "
            "Projektors auf zurückgehaltenen Ansichten, als Anteil der quadrierten Länge des "
            "Originals. beta 0 ist ohne den VKD-Loss."
        ),
    ),
    "frozen": (
        "Was spart das eingefrorene Sprachmodell?",
        (
            "Sekunden eines einzelnen Schrittes, der Median aus fünf Runden, die reihum gemessen "
            "wurden, mit denselben Forget-Zeilen. Die letzte Zeile trainiert jedes Gewicht, auf "
            "einfache Weise mit transformers. Was vor den Schritten geschieht, zählt nicht mit. Dass "
            "wir einzelne Schritte vergleichen, ist unsere Wahl."
        ),
    ),
    "representation": (
        "Welche Ausgabe des Lehrers soll nachgeahmt werden?",
        (
            "Das Gewicht beta ist in allen drei Varianten gleich. Die Variante „both“ nimmt "
            "das Mittel der beiden Abstände. Der Projektor wird in jeder Variante trainiert. "
            "Wo nur der Encoder nachgeahmt wird, hält nichts den Projektor fest."
        ),
    ),
    "distance": (
        "Mit welchem Abstand soll die Ausgabe des Lehrers nachgeahmt werden?",
        (
            "Das Gewicht beta ist in allen vier Varianten gleich, wiegt aber in jeder anders, "
            "weil die Abstände verschieden groß sind. Die Variante „relational“ hält fest, wie "
            "weit die Bilder voneinander entfernt liegen, nicht, wo sie liegen."
        ),
    ),
    "destination": (
        "Wohin sollen die Merkmale der Person gehen?",
        (
            "„away“ hat kein Ziel, außer dass die richtigen Antworten unwahrscheinlich werden. "
            "„unknown“ verlangt dazu, dass die Antworten die über eine fremde Person werden. "
            "Die anderen bewegen die Merkmale der Person dorthin, wo das Original Fremde "
            "sieht: zu jemandem, der ähnlich aussieht und den es mit keinem Namen nennt, zum "
            "Mittel von 30 Bildern, zum nächsten davon oder zu einem, das der Seed zieht. Ihre "
            "Schritte fragen das Sprachmodell nicht. Am besten ist ein Modell, das die "
            "Person nicht kennt, niemand anderen nennt und sie trotzdem noch sieht."
        ),
    ),
    "style": (
        "Ist dieselbe Person auch vergessen, wenn sie anders gezeichnet ist?",
        (
            "Der Lauf sieht nur unveränderte Trainingsbilder. Die Änderungen und ihre Stärken "
            "sind unsere Wahl. Das Kontrollmodell kannte die Personen nie, nach denen es "
            "gefragt wird. Es sind nicht die Personen, die hier vergessen werden."
        ),
    ),
    "depth": (
        "In wie vielen Bildblöcken sollen Neuronen ausgeschaltet und Gewichte trainiert werden?",
        (
            "Jede Zeile nennt, in wie vielen der letzten aktiven Blöcke Neuronen ausgeschaltet und "
            "Gewichte trainiert werden. Der Projektor kommt immer dazu. Der ausgeschaltete Anteil gilt für dieselben Blöcke."
        ),
    ),
    "thresholds": (
        "Welche Schwellen d_I und d_F sind sinnvoll?",
        (
            "Markiert sind die Schwellen, bei denen Forget VQA höchstens beim Zufall liegt und "
            "Retain VQA höchstens {points:.0f} Punkte unter der des Originalmodells. Diese "
            "Regel ist unsere Wahl. Das Paper nennt keine Zahlen."
        ),
    ),
}
STUDY_MISSING = (
    "Es gibt noch keine gespeicherte Antwort. Der Befehl unten erzeugt sie, und die Seite "
    "liest sie aus {path}."
)
STUDY_HOW = "Wie das gemessen wurde"
STUDY_COMMAND = "Erzeugt mit: {command}"
STUDY_FACTS = (
    "Läufe je Zeile: {runs}. Misslungene Läufe insgesamt: {failed}. Seeds: {seeds}. Personen: "
    "{people}, ausgewählt: {choice}. ± ist die Hälfte des 95-%-t-Intervalls über Personen und "
    "Seeds; eine Zeile mit weniger als drei Läufen hat keines. Gemessen mit {model}, "
    "{quantization}, auf {device}."
)
STUDY_QUESTIONS = "{n} Fragen je Zeile für {measure} (Zufall {chance:.0%})"
STUDY_WRITTEN = "{n} Antworten je Zeile für {measure} (keine Zufallslinie)"
STUDY_CONTROL = "{n} Fragen für die Kontrolle"
STUDY_SERIES = {
    "after_forget_vqa": "Forget VQA",
    "after_retain_vqa": "Retain VQA",
    "after_pictures_vqa": "Bilder",
    "after_forget_name": "Name",
    "after_still_sees": "sieht noch",
    "after_names_other": "nennt jemand anderen",
}
STUDY_REDRAWN = {
    "before_forget_vqa": "Original",
    "after_forget_vqa": "verlernt",
    "control_forget_vqa": "Kontrolle: kannte ihre Personen nie",
}
STUDY_DISTANCES = {
    "after_distance_others": "Abstand der anderen",
    "after_distance_target": "Abstand der Person",
}
STUDY_FIRES, STUDY_FIRES_TIMES = "feuern", "{times:.1f}-fach"
STUDY_STEP, STUDY_TIMES = "Sekunden je Schritt", "so lange wie vkd"
STUDY_STEP_SECONDS = "{seconds:.2f} s{within}"
STUDY_PLUS_MINUS = "\u00a0±\u00a0{half:.2f}"
STUDY_HEAD = ("Variante", "Schritte", "Maske", "Zeit", "Läufe")
STUDY_SHARE = "Anteil richtiger Antworten"
STUDY_BLOCKS = "Zahl der Bildblöcke, in denen ausgeschaltet und trainiert wird"
STUDY_FORGET, STUDY_RETAIN = (
    "Forget VQA<br>(niedriger ist besser)",
    "Retain VQA<br>(höher ist besser)",
)
STUDY_SENSIBLE = "sinnvoll"
STUDY_D_I, STUDY_D_F = "d_I", "d_F"
