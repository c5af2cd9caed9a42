"""English: lessons and the sheet to print. The lessons' own words are in ``presets/lessons/``."""

LESSON, LESSON_INFO = "Lesson", "Sets person and recipe, and asks questions at every step"
NO_LESSON = "No lesson"
LESSON_HEAD = "Lesson: {title}"
LESSON_LEAVE = "Leave the lesson"
LESSON_RIGHT, LESSON_WRONG = "Right.", "Not quite: {answer}."
LESSON_BEGUN = "The lesson “{title}” has begun: {about} Go on in the steps."
LESSON_ENDED = "The lesson is over. Everything can be set again."
LESSON_PERSON_GONE = "The person of the lesson “{title}” is not in this lab: choose anybody."

SHEET, SHEET_PRINT = "My sheet", "Print my sheet"
SHEET_TITLE = "My sheet: {title}"
SHEET_PLAIN = "one run of the lab"
SHEET_ABOUT = "{name} · {date}"
SHEET_NAME = "Name: ______________________"
SHEET_HEAD = ("Step", "I predicted", "What happened")
SHEET_ASKED_HEAD = ("Question", "My answer", "Right")
SHEET_BEST = "My best run: {method}, seed {seed}: {forget} forgotten face, {retain} others."
SHEET_NO_RUN = "No run of mine has been scored yet."
SHEET_EMPTY = "no result yet"
SHEET_NOTES = "What I take with me:"
