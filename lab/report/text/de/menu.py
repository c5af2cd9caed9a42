"""German: the menu in which the model and the benchmark are chosen."""

MENU = "Ein anderes Modell oder ein anderer Benchmark"
MENU_MODEL, MENU_BENCHMARK = "Modell", "Benchmark"
MENU_QUANTIZATION = "Quantisierung des Sprachmodells"
MENU_CLOSED = "Modell und Benchmark dieses Labors stehen fest."
MENU_LOAD, MENU_FETCH = "Laden", "{gb:.2g} GB herunterladen und laden"

# one line of the lists
OFFER = "{name}: {needs}"
OFFER_SIZE = "{gb:.1f} GB bei {quantization}"
OFFER_LOADED, OFFER_FITS, OFFER_TOO_LARGE = "geladen", "passt", "passt nicht"
OFFER_FETCH, OFFER_BROKEN = "{gb:.2g} GB herunterzuladen", "nicht ladbar"
SOURCE_HERE = "auf diesem Rechner"

# what a choice needs
NEED_MEMORY = (
    "Braucht {needed:.1f} GB Speicher; {free:.1f} GB können auf {device} frei sein: {verdict}."
)
NEED_UNKNOWN = (
    "Wie viel Speicher es braucht, ist unbekannt. {free:.1f} GB können auf {device} frei sein."
)
NEED_DOWNLOAD = "{gb:.2g} GB müssen zuerst heruntergeladen werden."
NEED_PROBLEM = "Es lässt sich nicht laden: {problem}"
NEED_LOADED = "Das ist jetzt geladen."

CHANGE_ASKED = (
    "{model} mit {benchmark} wird geladen, sobald die wartenden Läufe beendet sind. Bis dahin "
    "nimmt Stopp es zurück."
)
CHANGE_DONE = "{model} mit {benchmark} ist geladen. Wähle eine Person."
CHANGE_STOPPED = "Das Modell blieb, wie es war."
