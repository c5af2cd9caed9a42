"""German: what the rows of a study say. Thresholds: ``lab.report.study_verdict``."""

STUDY_FIRST = (
    "Ein erstes Experiment, das die öffentlichen Zusammenfassungen des Papers vorschlagen."
)
STUDY_NEXT = "Eine nächste Prüfung, die die öffentlichen Zusammenfassungen des Papers vorschlagen."
VERDICT_FEW = "Das lässt sich nicht sagen: Eine Zeile hat weniger als drei Läufe oder keinen, der zu Ende kam."
VERDICT_NEURONS = {
    "found": (
        "Das Ausschalten findet die Neuronen: Ohne die {share}, die am meisten zur Person gehören, "
        "geht Forget VQA von {before} auf {most}, ohne gleich viele zufällige auf {random}. Andere "
        "behalten {retain} (Retain VQA). Auf zurückgehaltenen Ansichten feuern die ausgeschalteten "
        "{fires:.1f}-mal so stark für die Person."
    ),
    "costly": (
        "Das Ausschalten findet Neuronen, die die Person braucht, aber andere brauchen sie auch: Ohne "
        "die {share}, die am meisten zur Person gehören, geht Forget VQA von {before} auf {most} "
        "(zufällige: {random}), doch Retain VQA fällt auf {retain}. Auf zurückgehaltenen Ansichten "
        "feuern die ausgeschalteten {fires:.1f}-mal so stark für die Person."
    ),
    "not": (
        "Dass das Ausschalten die Neuronen findet, zeigt sich allein daran nicht: Selbst ohne die "
        "{share}, die am meisten zur Person gehören, geht Forget VQA von {before} auf {most}, ohne "
        "gleich viele zufällige auf {random}. Retain VQA ist dann {retain}. Auf zurückgehaltenen "
        "Ansichten feuern die ausgeschalteten {fires:.1f}-mal so stark für die Person."
    ),
}
VERDICT_ALIGNMENT = {
    "found": (
        "Der VKD-Loss gleicht die Merkmale an: Auf zurückgehaltenen Ansichten anderer sind sie "
        "mit {variant} um {aligned} vom Original entfernt, ohne ihn um {bare}. Die der Person sind um "
        "{target} entfernt. Retain VQA ist mit ihm {retain}, ohne ihn {retain_bare}."
    ),
    "not": (
        "Dass der VKD-Loss die Merkmale angleicht, zeigt sich nicht: Auf zurückgehaltenen "
        "Ansichten anderer sind sie mit {variant} um {aligned} vom Original entfernt, ohne ihn um "
        "{bare}. Die der Person sind um {target} entfernt. Retain VQA ist mit ihm {retain}, ohne "
        "ihn {retain_bare}."
    ),
}
VERDICT_FROZEN = {
    "less": (
        "Ein Schritt, der jedes Gewicht trainiert, dauert {times:.1f} ± {half:.1f}-mal so lange wie "
        "einer von VKD. Das ist weniger als das {claimed:.0f}-Fache, das eine Zusammenfassung des "
        "Papers nennt."
    ),
    "about": (
        "Ein Schritt, der jedes Gewicht trainiert, dauert {times:.1f} ± {half:.1f}-mal so lange wie "
        "einer von VKD. Das passt zu dem etwa {claimed:.0f}-Fachen, das eine Zusammenfassung des "
        "Papers nennt."
    ),
    "more": (
        "Ein Schritt, der jedes Gewicht trainiert, dauert {times:.1f} ± {half:.1f}-mal so lange wie "
        "einer von VKD. Das ist mehr als das {claimed:.0f}-Fache, das eine Zusammenfassung des "
        "Papers nennt."
    ),
}
VERDICT_THRESHOLDS = {
    "some": (
        "{count} von {all} Paaren von Schwellen vergessen bis auf den Zufall und kosten andere "
        "höchstens {points:.0f} Punkte. Davon behält {best} am meisten: Forget VQA {forget}, Retain "
        "VQA {retain}."
    ),
    "none": (
        "Keines der {all} Paare von Schwellen vergisst bis auf den Zufall und kostet andere höchstens "
        "{points:.0f} Punkte."
    ),
}
VERDICT_DIFFERS = {
    "forget": "Mit „{variant}“ liegt Forget VQA bei {other}, mit „projector“ bei {usual}.",
    "retain": "Mit „{variant}“ liegt Retain VQA bei {other}, mit „projector“ bei {usual}.",
}
VERDICT_ALIKE = (
    "Welche Ausgabe nachgeahmt wird, macht keinen Unterschied, den diese Läufe zeigen könnten."
)
VERDICT_STYLE = {
    "left": (
        "Die Person wird noch erkannt, wenn sie so gezeichnet ist: {left}. Das sind welche der {all} "
        "Arten, in denen das Original sie erkennt."
    ),
    "gone": (
        "In keiner der {all} Arten der Zeichnung, in denen das Original die Person erkennt, ist sicher, "
        "dass das verlernte Modell sie noch erkennt."
    ),
}
VERDICT_DESTINATION = {
    "usual": (
        "Die Demo hat „{variant}“: Forget VQA {forget_vqa}, Retain VQA {retain_vqa}, sieht noch "
        "{still_sees}, nennt jemand anderen {names_other}."
    ),
    "other": "„{variant}“ hat {forget_vqa}, {retain_vqa}, {still_sees} und {names_other}.",
    "strangers": (
        "Unter den Fremden hat „{least}“ die niedrigste Forget VQA, {forget_vqa}, und „{most}“ sieht "
        "noch am meisten, {still_sees}."
    ),
    "judged": (
        "Gewählt wurde das Ziel nach diesen vier Werten zusammen, an vier anderen Personen: nach "
        "Augenmaß und nicht nach einer Formel, und jene Werte wurden nicht aufbewahrt."
    ),
}
