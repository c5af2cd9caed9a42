"""German: the model card of a run that was exported as a folder of plain weights."""

CARD_TITLE = "{model} ohne das Gesicht von {name}"
CARD_LEAD = (
    "Das ist das Modell `{model}`, nachdem ihm mit der Methode `{method}` das Aussehen von {name} "
    "genommen werden sollte. Geschrieben hat es das MLLM Unlearning Lab {version}. Die Bibliothek "
    "transformers lädt es ohne weiteren Code."
)
CARD_WEIGHTS = "Alle Gewichte sind {dtype}. Ihre Dateien sind {megabytes} MB groß."
CARD_ROUNDED = (
    "Die Zahlen unten wurden mit dem sehenden Teil in float32 gemessen. Gewichte in bfloat16 sind "
    "gerundet, deshalb können einzelne Antworten abweichen."
)
CARD_USE = "So wird es benutzt"
CARD_DONE, CARD_RECIPE, CARD_AGAIN = "Was getan wurde", "Das Rezept:", "Der Befehl für diesen Lauf:"
CARD_FIGURES = "Zahlen"
CARD_UNSCORED = "Dieser Lauf wurde nicht bewertet, deshalb gibt es keine Zahlen."
CARD_MEASURED = (
    "Anteile richtiger Antworten oder mittlere Werte, vorher und nachher. n ist die Anzahl der "
    "Fragen. Zufall ist, was blindes Wählen erreicht."
)
CARD_ATTACKS = "Angriffe"
CARD_ATTACKS_LEAD = (
    "Forget VQA des verlernten Modells vor und nach jedem Angriff, der im Ordner des Laufs liegt."
)
CARD_ATTACKS_HEAD = (
    "Angriff",
    "vorher",
    "nachher",
    "Zuwachs",
    "Abstand zum Original",
    "n",
    "Zufall",
    "Zuwachs der Kontrolle „Nie gekannt“",
    "Zuwachs der Kontrolle „Nur Text“",
)
CARD_NO_ATTACKS = (
    "Im Ordner des Laufs liegt kein Angriff, deshalb steht hier nicht, wie gut das Modell einem "
    "widersteht."
)
CARD_LIMITS = "Grenzen"
CARD_LIMITS_LIST = (
    "Unlearning beweist keine Löschung. Training mit wenigen Bildern der Person kann die Erinnerung "
    "zurückbringen.",
    "Die Zahlen gelten nur für die Fragen und Bilder des Benchmarks `{benchmark}`, mit dem n in der "
    "Tabelle und einem Seed.",
    "Das Modell ist für Forschung und Lehre. Es ist nicht für Entscheidungen über Menschen gedacht.",
)
CARD_LICENCES = "Lizenzen"
CARD_LICENCES_SHIPPED = (
    "Die Datei LICENSES.md in diesem Ordner nennt die Herkunft und die Lizenz jedes Teils. Die "
    "Porträts, mit denen das Modell gelehrt wurde, sind nur für Forschung und Lehre."
)
CARD_LICENCES_OTHER = (
    "Die Bedingungen des Modells `{base}` und des Benchmarks `{benchmark}` gelten auch für diese "
    "Gewichte. Lies beide, bevor du die Gewichte weitergibst."
)
