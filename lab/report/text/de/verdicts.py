"""German: one sentence for a result. Thresholds: ``lab.report.verdict``."""

VERDICT_FACE = {
    "gone": "Das Modell erkennt {name} nicht mehr: {before} → {after} (n {n}, Zufall {chance}).",
    "left": "Das Modell erkennt {name} noch: {before} → {after} (n {n}, Zufall {chance}).",
    "unsure": (
        "Ob das Modell {name} noch erkennt, lässt sich nicht sagen: {before} → {after} richtig "
        "mit Foto, bei nur {n} Fragen (Zufall {chance})."
    ),
    "nothing": (
        "Es gab nichts zu vergessen: Schon das Original erkannte {name} nicht ({before} → "
        "{after}, n {n}, Zufall {chance})."
    ),
}
VERDICT_FACE_SHORT = {
    "gone": "Das Modell erkennt {name} nicht mehr.",
    "left": "Das Modell erkennt {name} noch.",
    "unsure": "Ob das Modell {name} noch erkennt, lässt sich nicht sagen.",
    "nothing": "Das Modell hat {name} nie erkannt.",
}
VERDICT_OTHERS = {
    "keep": "Andere erkennt es weiter: {before} → {after} (n {n}).",
    "lose": "Andere leiden darunter: {before} → {after} (n {n}).",
    "unsure": (
        "Andere: {before} → {after}, aber {n} Fragen sind zu wenige, um zu sagen, ob sie leiden."
    ),
}
VERDICT_OTHERS_SHORT = {
    "keep": "Andere erkennt es weiter.",
    "lose": "Andere leiden darunter.",
    "unsure": "Ob andere leiden, lässt sich nicht sagen.",
}
VERDICT_TEXT_SAME = "Fragen im Text: unverändert."
VERDICT_TEXT = "Fragen im Text: {share} der Antworten wurden von richtig zu falsch oder umgekehrt."
VERDICT_NAMED = "{right} von {n} Antworten nennen den richtigen Namen."
VERDICT_NAMES = (
    "Von den anderen Antworten nennen {other} einen anderen Namen, {unknown} sagen, dass "
    "das Modell es nicht weiß, und {rest} sagen etwas anderes."
)

VERDICT_NO_PHOTO = "Richtige Antworten über {name} ohne Foto: {before} → {after} (n {n})."
VERDICT_BACK = "{name} ist zurück: {before} → {after} (n {n})."
VERDICT_BACK_UNSURE = (
    "Ob {name} zurück ist, lässt sich nicht sagen: {before} → {after}, bei nur {n} Fragen."
)
VERDICT_HELD = "{name} ist nicht zurückgekommen: {before} → {after} (n {n})."
VERDICT_SPEED = {
    "forgotten": (
        "Vergessen, soweit {n} Fragen es zeigen: so langsam gelernt wie ein nie gesehenes Gesicht."
    ),
    "hidden": "Versteckt: schneller gelernt als ein nie gesehenes Gesicht ({points}).",
    "masked": (
        "Verdeckt: langsamer gelernt als ein nie gesehenes Gesicht ({points}). Ein stärkerer Angriff "
        "kann das aufheben."
    ),
    "unsure": "Vergessen oder nicht? {n} Fragen können es nicht sagen.",
}
VERDICT_SHOWN = (
    "Urteil: versteckt. Ein Modell, das seine Person nie getroffen hat, rät nicht so gut "
    "({before} → {after}), also war noch etwas da."
)
VERDICT_GUESSED = (
    "Urteil: geraten. Ein Modell, das seine Person nie getroffen hat, erreicht genauso viel "
    "({before} → {after})."
)
VERDICT_SPEED_UNSURE = (
    "Urteil: unklar. Ein Modell, das seine Person nie getroffen hat, kam fast ebenso weit ({before} → "
    "{after}). Bei so wenigen Fragen kann der Unterschied Zufall sein."
)
VERDICT_NO_CONTROL = (
    "Urteil: unklar. Es gibt hier kein Modell, das die Person nie getroffen hat. Darum kann "
    "niemand sagen, ob sich das verlernte Modell erinnert oder das Gesicht neu gelernt hat."
)
VERDICT_WEAK = (
    "Urteil: unklar. Der Angriff ist zu schwach: Er bringt dem Modell auch kein neues Gesicht "
    "bei ({before} → {after})."
)
VERDICT_BRIEF = {
    "held": "kam nicht zurück",
    "forgotten": "vergessen",
    "hidden": "versteckt",
    "masked": "verdeckt",
    "shown": "versteckt",
    "guessed": "geraten",
    "weak": "Angriff zu schwach",
    "unsure": "lässt sich nicht sagen",
    "close": "lässt sich nicht sagen",
    "no control": "lässt sich nicht sagen",
}
VERDICT_INSIDE = (
    "{count:,} von {total:,} Neuronen ({share}) feuern für {name} mindestens {times:.0f}-mal "
    "so stark wie für andere."
)
VERDICT_OFF = "Die {off:,} ausgeschalteten feuern {times:.1f}-mal so stark (Median)."
VERDICT_RUNS = (
    "Über {runs} Läufe (Personen: {people}) fiel das gewählte Gesicht von {forget_before} auf "
    "{forget}, andere Gesichter gingen von {retain_before} auf {retain}."
)
VERDICT_ONE_RUN = (
    "In diesem einen Lauf ging das gewählte Gesicht von {forget_before} auf {forget}, andere "
    "Gesichter von {retain_before} auf {retain}. Ein Lauf zeigt wenig: Probiere einen anderen "
    "Seed oder eine andere Person."
)
VERDICT_BEST = (
    "Die beste Balance hat {method} bei {name}: {forget} beim vergessenen Gesicht, {retain} "
    "bei anderen."
)
VERDICT_PROBES = "Von den festen Fragen waren vorher und nachher richtig: {groups}."
VERDICT_PROBE_GROUP = "{group} {before} → {after} von {n}"

# the depth panel
DEPTH_ORIGINAL = "Das Original kann {name} ab {depth} von anderen unterscheiden (n {n})."
DEPTH_ORIGINAL_NOT = "Das Original kann {name} in keiner Tiefe von anderen unterscheiden (n {n})."
DEPTH_NO_RUN = "Vergiss die Person zuerst, dann zeigt sich hier, in welcher Tiefe sie verschwindet."
DEPTH_NOWHERE = (
    "Das verlernte Modell kann {name} in keiner Tiefe mehr von anderen unterscheiden ({before} → "
    "{after} nach der letzten, Zufall {chance}, n {n})."
)
DEPTH_UP_TO = (
    "Bis {depth} kann das verlernte Modell {name} noch von anderen unterscheiden. Was das "
    "Sprachmodell bekommt, zeigt nicht mehr, wer das ist ({before} → {after}, Zufall {chance}, n {n})."
)
DEPTH_STILL = (
    "Selbst in dem, was das Sprachmodell bekommt, ist {name} noch von anderen zu unterscheiden "
    "({before} → {after}, Zufall {chance}, n {n})."
)
DEPTH_ANYBODY = (
    "Das kann auch ein Modell, das seine Person nie getroffen hat ({control}): Es "
    "unterscheidet Gesichter und erinnert sich nicht."
)
DEPTH_BETTER = (
    "Ein Modell, das seine Person nie getroffen hat, kann das schlechter ({control}): Ein Teil "
    "der Person ist versteckt."
)
