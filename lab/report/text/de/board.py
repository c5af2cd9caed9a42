"""German: the class board, the challenges of a room, and links that lock what they set."""

BOARD_TITLE, BOARD_HOME, BOARD_OPEN = "Klassentafel", "Zum Labor", "Die Klassentafel öffnen"
BOARD_VIEWS = {"kept": "Vergessen und behalten", "back": "Vergessen und zurückgeholt"}
BOARD_SIGNS, BOARD_TABLE = "Methoden", "Alle Läufe als Liste"
BOARD_CHALLENGES = "Wettbewerbe"
BOARD_BACK = "Forget VQA nach dem üblichen Angriff (niedriger ist besser)"
BOARD_BEST, BOARD_BEGINS = "beste Ecke", "die Achse beginnt bei {share}"
BOARD_COUNT = "Läufe auf der Tafel: {count}"
BOARD_NEW = "Neu auf der Tafel: {run}."
BOARD_SILENT = "Das Labor antwortet nicht. Was du siehst, ist von {time}."
BOARD_EMPTY = (
    "Noch ist kein Lauf geteilt.",
    "Lass das Modell in Schritt 3 eine Person vergessen. Öffne dann Schritt 6, wähle deinen Lauf und schalte "
    "„Diesen Lauf mit dem Raum teilen“ ein. Er erscheint hier nach wenigen Sekunden.",
)
BOARD_EMPTY_ALONE = (
    "Noch ist kein Lauf bewertet.",
    "Lass das Modell in Schritt 3 eine Person vergessen. Der Lauf erscheint hier, sobald er bewertet ist.",
)
BOARD_NO_ATTACKS = (
    "Noch ist kein Lauf auf der Tafel angegriffen worden.",
    "Starte in Schritt 5 den Angriff „{attack}“ und lass seine Einstellungen, wie sie sind.",
)
BOARD_WHO, BOARD_RUN = "{method} · {name}", "{who} · {id}"
BOARD_RECIPE, BOARD_CHANGE = "Seed {seed}, höchstens {steps} Schritte{changes}.", ", {key} {value}"
BOARD_SCORE = "{what}: {before} → {after} (n {n})."
BOARD_CONTROL = "Ein Modell, das diese Person nie gekannt hat: {share} (n {n})."
BOARD_LACKS = {
    "unasked": "Das Modell, das die Person nie gekannt hat, ist noch nicht gefragt worden.",
    "unfit": "Hier gibt es kein Modell, das diese Person nie gekannt hat.",
}
BOARD_NO_ATTACK = "Noch kein üblicher Angriff."
BOARD_ATTACKED = "Nach dem üblichen Angriff: {after} (n {n}). Ein Modell, das die Person nie gekannt hat, erreicht {control}."
BOARD_LEFT_OUT = {
    "foreign": "Nicht gezeigt, weil sie zu einem anderen Modell gehören: {count}.",
    "private": "Nicht gezeigt, weil nur ihr Besitzer die Person sehen kann: {count}.",
    "unscored": "Nicht gezeigt, weil sie vor der Bewertung angehalten wurden: {count}.",
}

# the challenges: title, rule, and what stands there while nobody has a place
CHALLENGES = {
    "forget": (
        "Am meisten vergessen, weniger als einen Punkt verlieren",
        "Die niedrigste Forget VQA, bei der nichts, was bleiben soll, einen Punkt verlor. Alles unter "
        "dem Zufall zählt als Zufall. Bei gleichen Werten liegt der frühere Lauf vorn.",
        "Noch hält kein Lauf die Regel ein.",
    ),
    "back": (
        "Die Person mit den wenigsten Schritten zurückholen",
        "Jemanden, der vergessen war, mit höchstens {share:.0%} seiner Daten wieder lernen, bis auf 10 Punkte "
        "an das Original heran. Gemessen wird alle paar Schritte.",
        "Noch ist niemand zurückgekommen.",
    ),
    "hard": (
        "Am schwersten zurückzuholen sein",
        "Die niedrigste Forget VQA nach dem üblichen Angriff ({share:.0%} der Daten, {steps} Schritte), wenn "
        "nichts, was bleiben soll, 5 Punkte verlor. Der stärkste der üblichen Angriffe zählt.",
        "Noch ist kein Lauf angegriffen worden, der die Regel einhält.",
    ),
}
CHALLENGES_NONE = (
    "Noch gibt es nichts zu vergleichen: Teile nach Schritt 3 einen Lauf mit dem Raum (oben)."
)
CHALLENGE_RULE, CHALLENGE_AT_CHANCE = "Die Regel", "auf Zufall ({share})"
CHALLENGE_N = "n {n}"
CHALLENGE_STEPS = "{steps:g} Schritte"
CHALLENGE_CONTROL = "nie gekannt: {score}"
CHALLENGE_CONTROL_NEVER = "das Modell, das die Person nie gekannt hat, kam nicht so weit"
CHALLENGE_LACKS = {
    "unasked": "nie gekannt: noch nicht gefragt",
    "unfit": "nie gekannt: kein solches Modell für diese Person",
    "unmeasured": "nie gekannt: nicht gemessen",
}
CHALLENGE_REACHED = "erreicht {share}"
CHALLENGE_LOST = "größter Verlust: {points:.1f} Punkte ({measure}, n {n})"
CHALLENGE_OUT = "Weggelassene Läufe: {reasons}."
CHALLENGE_LEFT_OUT = {
    "away": "{count} kamen nicht zurück",
    "few": "{count} mit weniger Fragen als die meisten",
    "harmed": "{count} verloren 5 Punkte oder mehr",
    "kept": "{count} vor dem Angriff nicht sicher vergessen",
    "lost": "{count} verloren einen Punkt oder mehr",
    "share": "{count} mit mehr Daten angegriffen",
    "stranger": "{count} über jemanden, den das Modell nicht kannte",
    "unattacked": "{count} nicht angegriffen",
    "uncontrolled": "{count} ohne Kontrolle",
    "weak": "{count} ohne den üblichen Angriff",
}

# links
LINK_LOCK, LINK_LOCK_INFO = (
    "Im Link sperren",
    "Wer den Link öffnet, kann das nicht ändern. Ein echter Schutz ist es nicht: Die Seite ohne Sperre steht offen.",
)
LINK_EMBED, LINK_EMBED_INFO = (
    "Für eine Folie",
    "Der Link öffnet einen Schritt ohne Leiste und Reiter.",
)
LINK_PERSON = "Die Person"
SETTING_OF_ATTACK = "Schritt 5: {label}"
LINK_LOCKS = "Vom Link gesperrt: {names}. Ein echter Schutz ist das nicht."
LINK_PLAIN = "Öffne die Seite ohne Sperre, um es zu ändern."
LINK_LOCK_UNKNOWN = "Der Link sperrt etwas, das keine Einstellung dieses Labors ist: {key}."
LINK_STEP = "Der Link nennt einen Schritt, den es nicht gibt: {step}. Es gibt die Schritte 1 bis 6."
LINK_LANGUAGE = "Der Link nennt eine Sprache, die es nicht gibt: {language}. Es gibt: {valid}."
LINK_RUN = "Der Lauf des Links ist nicht hier, oder er ist nicht mit dir geteilt."
LINK_MORE = "Ebenfalls nicht benutzt: {count} weitere."
