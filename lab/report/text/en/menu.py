"""English: the menu in which the model and the benchmark are chosen."""

MENU = "Another model or benchmark"
MENU_MODEL, MENU_BENCHMARK = "Model", "Benchmark"
MENU_QUANTIZATION = "Quantisation of the language model"
MENU_CLOSED = "The model and the benchmark of this lab are fixed."
MENU_LOAD, MENU_FETCH = "Load", "Download {gb:.2g} GB and load"

# one line of the lists
OFFER = "{name}: {needs}"
OFFER_SIZE = "{gb:.1f} GB in {quantization}"
OFFER_LOADED, OFFER_FITS, OFFER_TOO_LARGE = "loaded", "fits", "does not fit"
OFFER_FETCH, OFFER_BROKEN = "{gb:.2g} GB to download", "cannot be loaded"
SOURCE_HERE = "on this machine"

# what a choice needs
NEED_MEMORY = "Needs {needed:.1f} GB of memory; {free:.1f} GB can be free on {device}: {verdict}."
NEED_UNKNOWN = "How much memory it needs is not known. {free:.1f} GB can be free on {device}."
NEED_DOWNLOAD = "{gb:.2g} GB have to be downloaded first."
NEED_PROBLEM = "It cannot be loaded: {problem}"
NEED_LOADED = "This is loaded now."

CHANGE_ASKED = (
    "{model} with {benchmark} is loaded when the runs that wait have ended. Stop takes it back "
    "until then."
)
CHANGE_DONE = "{model} with {benchmark} is loaded. Choose a person."
CHANGE_STOPPED = "The model stays as it was."
