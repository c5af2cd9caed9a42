"""German: which failure signature a run shows. Thresholds: ``lab.report.diagnosis``."""

DIAGNOSIS_TITLE = "Was jetzt?"
DIAGNOSIS_LINE = "Fehlerbild: {words}"
DIAGNOSIS_NONE = "Kein Fehlerbild zeigt sich."
DIAGNOSIS = {
    "text_changed": (
        "Das Wissen im Text hat sich geändert ({before} → {after}, n {n}), also wurde auch das "
        "Sprachmodell verändert."
    ),
    "sees_worse": (
        "Einfache Bilder leiden ebenso wie andere Personen ({before} → {after}, n {n}), also hat der "
        "sehende Teil als Ganzes Schaden genommen: Die Schritte waren zu groß oder zu viele."
    ),
    "tangled": (
        "Forget VQA ist nicht genug gefallen, Retain VQA aber schon ({before} → {after}, n {n}), also "
        "trennt die Änderung diese Person nicht von anderen: Die Maske lässt zu viel durch, oder die "
        "Schritte sind zu groß."
    ),
    "retain_fell": (
        "Retain VQA ist gefallen ({before} → {after}, n {n}): Die Distillation ist zu schwach, oder es "
        "wurde zu viel ausgeschaltet."
    ),
    "forget_high": (
        "Forget VQA ist nicht genug gefallen ({before} → {after}, n {n}, Zufall {chance}): Die "
        "Distillation ist zu stark, oder die Schwellen sind zu vorsichtig."
    ),
    "sees_less": (
        "Das Modell sieht weniger davon, wie diese Person aussieht ({before} → {after}, n {n}): Die "
        "Merkmale wurden dorthin verschoben, wo es das nicht mehr lesen kann."
    ),
    "came_back": (
        "Neulernen bringt die Person zurück, und schneller, als die Kontrolle sie lernt ({before} → "
        "{after}, n {n}): Die Person ist noch irgendwo im Modell, darin, wie es das Gesicht sieht, oder "
        "in dem, was das Sprachmodell weiß."
    ),
}
DIAGNOSIS_TRY = "Probiere {setting}: {now} → {new}"
DIAGNOSIS_TRIED = "Schritt 3 hat die Einstellungen dieses Laufs, mit {setting} auf {new}."
DIAGNOSIS_LOCKED = (
    "Schritt 3 hat die übrigen Einstellungen dieses Laufs. {setting} ist hier gesperrt und bleibt, "
    "wie es ist."
)
DIAGNOSIS_CHANGES = "Zwei Einstellungen zum Probieren: {changes}."
DIAGNOSIS_CHANGE = "{setting} {now} → {new}"
DIAGNOSIS_ABOUT = (
    "Dass Forget VQA hoch bleibt, wo die Distillation zu stark ist oder die Schwellen zu vorsichtig "
    "sind, sagt eine öffentliche Zusammenfassung des VKD-Papers. Die anderen Fehlerbilder, die "
    "Schwellen und die vorgeschlagenen Werte sind unsere Wahl."
)
