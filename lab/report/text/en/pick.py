"""English: step 1, the gallery and people of one's own."""

MORE = "Show more people"
SHOWN = "{shown} of {found} people are shown."
SEARCH, SEARCH_INFO = "Search", "Part of a name, or any fact about a person"
PEOPLE = "People"
NOBODY = "You have not chosen anybody yet. Choose a portrait."
NO_MATCH = "Nobody matches “{query}”."
PORTRAIT_OF = "Portrait of {name}"
PICKED = "You chose {name}."
LOOK = "Look inside"
FICTION = "An invented person with a synthetic portrait."
PICK_FIRST = "Choose a person first (step 1)."
PERSON_GONE = "This person was removed. Reload the page to see who is here now."
UNKNOWN_PERSON = "This lab does not know the person in the link: {person}. Choose one below."

# a person of one's own
OWN = "Your own person"
OWN_CAPTION, OWN_SHARED_CAPTION = "{name} (own)", "{name} (shared)"
OWN_PRIVACY = (
    "The pictures and questions stay on the machine that runs this lab, in its cache folder, until"
    " you remove them. Other people who use the same lab, for example in a classroom, see the person"
    " only if you share the person with them. A teacher can always see and remove the person. Add "
    "only people who would agree to that."
)
OWN_NAME, OWN_NAME_INFO = "Name", "The name that the model should forget"
OWN_PICTURES = "{fewest} to {most} portraits (JPEG, PNG or WebP, at most {megabytes} MB each)"
OWN_LINES = "Questions and answers, one per line"
OWN_LINES_INFO = (
    "Write: question | answer, or: question | answer | wrong | wrong | wrong. Write “this person” "
    "or the full name in the question. The lab always asks for the name itself."
)
OWN_LINES_HINT = "What is this person's job? | baker\nWhich sport does this person do? | judo | tennis | rowing | polo"
OWN_RULES = (
    "How the lab uses them (our choice): Every third picture is held out for scoring. The scoring "
    "questions use your exact words; the training questions use other words. If a question has no "
    "picture, “this person” becomes the name, or “About NAME:” is put in front. If you give no "
    "wrong answers, the lab takes answers that other people have to the most similar question. "
    "Pictures are stored as JPEG with at most {side} px, without their metadata."
)
OWN_UPLOAD_GONE = "Picture {place} is no longer here. Upload the pictures again."
OWN_BAD = "Picture {place}: {reason}."
OWN_HEAVY = "it is too large, use a picture of at most {megabytes} MB"
OWN_AGAIN = "it is no longer here, upload it again"
OWN_ADD = "Add this person"
OWN_SPLIT = "How the pictures are divided"
OWN_TRAINING, OWN_HELD_OUT, OWN_UNREADABLE = "training", "held out", "cannot be read"
OWN_PICTURE = "Picture {place}: {part}"
OWN_ADDED = (
    "{name} is added and chosen. {training} pictures are used for unlearning and {held_out} are "
    "held out."
)
OWN_CARD = "A user of this lab added this person."
OWN_QUESTIONS = "The questions about this person"
OWN_QUESTIONS_HEAD = ("Question with the picture", "Answer", "Wrong options")
OWN_MEASURING = "The lab is asking the loaded model about this person …"
OWN_SCORE = (
    "The loaded model answers {right} of {n} questions about the held-out pictures correctly "
    "(Forget VQA {share}, chance {chance})."
)
OWN_KNOWS = "So the model knows this person, and there is something to forget."
OWN_UNKNOWN = (
    "That is not above chance: the model does not know this person, so there is little to forget."
)
OWN_SHARE = "Share this person with the room"
OWN_SHARE_INFO = (
    "Once they load the page again, everybody in the room may choose the person, ask about them and "
    "forget them. Only you and a teacher can remove the person."
)
OWN_REMOVE, OWN_KEEP = "Remove this person", "Keep"
OWN_SURE = (
    "Do you want to delete the pictures, the questions and every run about {name} from this "
    "machine? Files that somebody has already downloaded are not deleted."
)
OWN_DELETE = "Delete for good"
OWN_REMOVED = "{name} is removed, together with every run about this person."
CARD_FACTS = "What it was taught"
