"""German: what each method and each attack does, where it is from, and what is our choice."""

METHODS = {
    "vkd": (
        "Visual Knowledge Distillation (arXiv 2512.11325). Das Sprachmodell ist eingefroren. "
        "Die Schwellen, die Form der Maske, die Grenze des Ascent und die Lernrate sind unsere "
        "Wahl und stammen nicht aus dem Paper."
    ),
    "mmunlearner": (
        "MMUnlearner (arXiv 2502.11051). Gradient Ascent auf die Antworten zur Person "
        "innerhalb einer Fisher-Maske und normales Training auf die Antworten zu anderen. Der "
        "Umfang, die Grenze des Ascent und die Lernraten sind unsere Wahl."
    ),
    "vgid": (
        "VGID (arXiv 2606.00105). Eine LoRA am Sprachmodell lernt, über die Person so zu "
        "antworten, wie das Originalmodell über Rauschen antwortet. Der Wortlaut der Anweisung "
        "und die Lernraten sind unsere Wahl."
    ),
    "manu": (
        "MANU (Modality-Aware Neuron Unlearning, 2025) in der Form des veröffentlichten Codes. "
        "Neuronen des Bild-Encoders und des Sprachmodells werden ausgeschaltet, und nichts "
        "wird trainiert."
    ),
    "grad_ascent": (
        "Gradient Ascent auf die Antworten zur Person, mit einer LoRA am Sprachmodell. Die "
        "Grenze des Ascent und die Lernraten sind unsere Wahl."
    ),
    "grad_diff": (
        "Gradient Difference: Ascent auf die Antworten zur Person und normales Training auf "
        "die Antworten zu anderen, mit einer LoRA am Sprachmodell. Die Grenze des Ascent und "
        "die Lernraten sind unsere Wahl."
    ),
    "kl_min": (
        "KL-Minimierung (arXiv 2401.06121). Ascent auf die Antworten zur Person, während die "
        "Antworten zu anderen die Verteilungen des Originalmodells behalten. Sie nutzt eine "
        "LoRA am Sprachmodell. Die Grenze des Ascent und die Lernraten sind unsere Wahl."
    ),
    "npo": (
        "NPO (arXiv 2404.05868): Negative Preference Optimisation mit einer LoRA am "
        "Sprachmodell. Dass das eingefrorene Original die Referenz ist, der Retain-Term und "
        "die Lernraten sind unsere Wahl."
    ),
    "undo": (
        "UNDO (arXiv 2506.06278), von uns auf das Sehen übertragen. Das Modell vergisst zuerst "
        "mit VKD. Dann kommt Rauschen über die trainierten Gewichte des sehenden Teils, und die "
        "Merkmale des verlernten Modells werden auf Bildern anderer zurückdistilliert, nie auf "
        "denen der Person. Was nur noch in den Gewichten steckte, soll nicht zurückkommen. Ab dem "
        "Rauschen darf sich jedes trainierte Gewicht bewegen, was auch die Maske sagt. Die Größen "
        "sind unsere Wahl."
    ),
    "vkd_sam": (
        "VKD mit schärfebewusstem Vergessen (nach Fan et al. 2025). Der Forget-Gradient wird dort "
        "genommen, wo die Gewichte nach einem kleinen Schritt zum Erinnern hin lägen. So ist das "
        "Modell schon auf einige Schritte Neulernen vorbereitet. Dass wir es in VKD einbauen, ist "
        "unsere Wahl."
    ),
    "mudman": (
        "MUDMAN (arXiv 2506.12484), von uns auf das Sehen übertragen. Eine Kopie der Gewichte des "
        "sehenden Teils lernt die Person neu, und das Modell verlernt gegen diese Kopie, außer wo "
        "Bilder anderer Personen darunter leiden würden. Die anderen hält Distillation wie bei "
        "VKD fest. Die Raten sind unsere Wahl."
    ),
    "silence": (
        "Silence, unsere eigene Methode. Bilder der Person drücken die verborgenen Neuronen des "
        "Projektors unter null, während die Merkmale anderer Personen wie bei VKD festgehalten "
        "werden. GSU (arXiv 2609.39866), das Gates eines Sprachmodells schließt, ist ihr nahe."
    ),
    "icu": (
        "ICU, In-Context Unlearning (arXiv 2310.07579 für Text und der Lehrer von VGID, arXiv "
        "2606.00105, für Bilder). Vor jeder Frage steht eine Anweisung, mit einem Bild aus "
        "Rauschen oder allein. Kein Gewicht ändert sich, also kann jeder, der die Gewichte "
        "hat, sie weglassen. Die Worte und ihr Platz sind unsere Wahl."
    ),
}
ATTACKS = {
    "relearn": (
        "Der Angreifer trainiert das Modell mit einem Teil der Trainingszeilen der Person. "
        "Ausgewertet wird mit anderen Ansichten und anderem Wortlaut. Der Anteil, der Umfang "
        "und das Budget sind unsere Wahl."
    ),
    "benign": (
        "Der Angreifer trainiert das Modell mit Zeilen anderer Personen, so vielen wie beim "
        "Neulernen, und mit keiner der Person (nach Siddiqui et al., arXiv 2505.22310). Was dabei "
        "zurückkommt, war versteckt und nicht entfernt. Das Budget ist dasselbe wie beim Neulernen "
        "(unsere Wahl)."
    ),
    "facts": (
        "Der Angreifer trainiert das Modell mit vier der neun Fakten zur Person, die der Seed "
        "auslost, und gefragt wird nach den anderen fünf (nach Deeb und Roger, arXiv 2410.08827). "
        "Kommen Fakten zurück, die nicht gezeigt wurden, und mehr davon als bei den Kontrollen, so waren "
        "sie nie entfernt. Vier Fakten und so viele Zeilen wie beim Neulernen sind unsere Wahl."
    ),
    "quantize": (
        "Der Angreifer rundet die trainierten Gewichte des sehenden Teils auf 16, 8 und 4 Bit. "
        "Jede Zeile einer Matrix hat gleich weit entfernte Stufen, und ihr größter Wert ist "
        "die höchste Stufe (unsere Wahl). Vier Bit können das Sehen einfach kaputt machen, "
        "deshalb werden auch die Fragen zu anderen Personen gestellt."
    ),
    "prompts": (
        "Der Angreifer stellt dieselben Fragen in anderen Worten, in einer Rolle und mit "
        "Hinweisen. Der Wortlaut ist unsere Wahl. Der falsche Hinweis nennt eine andere "
        "Person. Der wahre Name dient nur zum Vergleich."
    ),
    "images": (
        "Der Angreifer ändert die zurückgehaltenen Bilder: grau, gespiegelt, unscharf, "
        "beschnitten, als Skizze, gedreht und dunkler. Wie stark jede Änderung ist, ist unsere "
        "Wahl."
    ),
}
