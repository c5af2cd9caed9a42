"""German: what several people who use one lab read: turns, and whose a run is."""

WAITING_UNTIL = "{name} wartet auf Platz {place} der Warteschlange und beginnt in etwa {begins}."
WAITING_SOON = "{name} wartet auf Platz {place} der Warteschlange und beginnt gleich."

# what can be done with a run that waits, and with a run of one's own
TURN_EARLIER, TURN_LATER, TURN_CANCEL = "Früher", "Später", "Herausnehmen"
TURN_EDIT = "Die Einstellungen von Schritt {step} geben"
TURN_INFO = (
    "Dieser Lauf wartet. Du kannst ihn unter deinen eigenen verschieben, ihn herausnehmen oder seine "
    "Einstellungen ändern. Alle kommen reihum dran, mit je einem Lauf."
)
TURN_NONE = "Wähle einen deiner Läufe, der wartet."
TURN_MOVED = "{name} steht jetzt auf Platz {place}."
TURN_EDITED = "{name} hat jetzt die Einstellungen von Schritt {step}. Der Platz bleibt derselbe."
SHARE_RUN = "Diesen Lauf mit dem Raum teilen"
SHARE_RUN_INFO = (
    "Alle im Raum können ihn dann ansehen und mit ihm chatten. Ändern kann ihn sonst niemand."
)
RUN_SHARED = "{name} ist mit dem Raum geteilt."
RUN_UNSHARED = "{name} gehört wieder dir allein."
MINE_SHARED = "Geteilt: {name}"

API_SWITCH = "{name} muss true oder false sein, nicht {kind}."
