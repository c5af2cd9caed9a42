"""German: the frontier on the report step."""

FRONTIER = "Die Grenze: was bleibt, und wie schnell die Person wieder gelernt wird"
FRONTIER_LEAD = (
    "Jeder Punkt ist eine Methode mit ihren Einstellungen. Je weiter rechts, desto mehr Retain VQA "
    "ist verloren. Je weiter oben, desto schneller wird die Person gelernt als von „Nur Text“, "
    "einem Modell, das ihren Text kennt und nie ein Bild von ihr sah: Gezeigt ist der mittlere "
    "Abstand der beiden Kurven über die ersten 20 Schritte des Neulernens. Am besten ist es unten "
    "links. Unter null wird die Person langsamer gelernt als jemand, den das Modell nie sah. Dann "
    "ist sie verdeckt und nicht vergessen. Die Balken sind die Hälfte des 95-%-t-Intervalls über "
    "Personen, wenn es mindestens drei sind."
)
FRONTIER_CHOICE = (
    "Der Angreifer und seine Raten, die Schwelle von {keeps:g} Punkten und das Ziel von {aim:g} "
    "Punkten sind unsere Wahl. Die schlimmste Rate ist die von ×1, ×3 und ×10 mit dem höchsten "
    "mittleren Vorsprung. Der Angreifer der nummerierten Punkte darf den sehenden Teil und eine "
    "LoRA des Sprachmodells trainieren. Der deiner eigenen Läufe ist so, wie du ihn einstellst."
)
FRONTIER_OTHER = "Das wurde an anderen Modellen gemessen als denen von heute."
FRONTIER_BEST = (
    "Von den Varianten, die höchstens {keeps:.1f} Punkte Retain VQA verlieren, hat {name} den "
    "kleinsten Vorsprung, {recovery} Punkte vor „Nur Text“ bei {lost} verlorenen Punkten (Mittel "
    "über {people} Personen), und {end}."
)
FRONTIER_NONE_KEEPS = (
    "Jede Variante verliert mehr als {keeps:.1f} Punkte Retain VQA; {name} hat den kleinsten "
    "Vorsprung, {recovery} Punkte vor „Nur Text“ bei {lost} verlorenen Punkten (Mittel über "
    "{people} Personen), und {end}."
)
FRONTIER_REACHED = (
    "damit ist das Ziel von höchstens {aim:g} Punkten bei der üblichen Rate erreicht (bei der "
    "schlimmsten Rate, ×{rate:.3g}, sind es {worst} Punkte)"
)
FRONTIER_MISSED = "damit ist das Ziel von höchstens {aim:g} Punkten nicht erreicht"
FRONTIER_WITHOUT = "Läufe ohne Punkt, weil sie misslangen oder keine Kontrolle haben: {count}."
FRONTIER_WAITING = "Diese Methoden sind noch nicht gemessen: {methods}."
FRONTIER_YOUR_RUNS = (
    "Offene Zeichen sind deine eigenen Läufe ({count}), jeder bei dem Angriff durch Training, der "
    "am meisten zurückbrachte."
)
FRONTIER_NO_RUNS = (
    "Noch ist keiner deiner eigenen Läufe dabei. Verlerne in Schritt 3 eine Person und greif das "
    "Modell in Schritt 5 durch Training an, dann steht dein Lauf hier neben den anderen."
)
FRONTIER_UNCONTROLLED = (
    "Deine Läufe, die ohne die Kontrolle „Nur Text“ angegriffen wurden und deshalb keinen Punkt "
    "haben: {count}."
)
FRONTIER_LOST = "Retain VQA verloren (Punkte)"
FRONTIER_RECOVERY = "Vorsprung vor „Nur Text“ (Punkte)"
FRONTIER_AIM, FRONTIER_KEEPS = "Ziel: höchstens {aim:g} Punkte", "{keeps:.1f} Punkte verloren"
FRONTIER_MARK, FRONTIER_YOURS = "L{number}", "deine Läufe, {method}"
FRONTIER_OWN = "dein Lauf: {name}, {run}, angegriffen mit ×{rate:.3g}"
FRONTIER_OWN_RUN = "{person}, Seed {seed}, {id}"
FRONTIER_RATE = "{points:.1f} (×{rate:.3g})"
FRONTIER_HEAD = (
    "Methode und Einstellungen",
    "Forget VQA",
    "Retain VQA verloren (Punkte)",
    "sieht noch, verloren (Punkte)",
    "nennt jemand anderen",
    "Vorsprung vor „Nur Text“ (Punkte)",
    "Vorsprung bei der schlimmsten Rate (Punkte)",
    "Zeit",
    "Personen",
    "Gerät",
)
