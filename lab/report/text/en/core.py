"""English: what the core says to a visitor, as it stands there; lab.report.translated finds it again."""

CORE = {
    # phases
    "starting": "starting",
    "failed": "failed",
    "once_more": "{file} is damaged or missing: {folder} is made again …",
    "proving": "Proving that the model's parts work as they were found (once) …",
    "slow_family": "Each question takes a pass of its own with this family, which is slower.",
    "merging": "Merging {folder} into its base (once) …",
    "loading": "Loading the model ({quantization}) …",
    "assembling": "Assembling the {folder} model (about 10 s, once) …",
    "downloading": "Downloading the language model (93 MB, once) …",
    "converting": "Converting the language model (about 30 s, once) …",
    # runs
    "still_loading": "the model is still loading ({phase}): wait a moment",
    "loaded_again": "another model was loaded in the meantime: ask again",
    "restarted": (
        "this run is no longer here (the app was restarted): start a new one, or load its "
        "downloaded folder"
    ),
    "yours_wait": (
        "{waiting} {what} of yours are waiting already: wait for one to end, or stop one, then try "
        "again"
    ),
    "all_wait": "{most} {what} are waiting already: try again later",
    "memory_short": (
        "this machine has {free} MB of memory left, and a run is taken only from {least} MB on: "
        "try again later"
    ),
    "runs": "runs",
    "questions": "questions",
    "no_neuron": "there is no neuron {neuron} in {layer}: valid are {names}",
    "nothing_to_compare": "there is nothing to compare yet: unlearn first, and wait until it ends",
    "not_recorded": ("this was not recorded of the example: forget the person yourself, then ask"),
    "nothing_to_attack": "there is nothing to attack yet: unlearn first",
    "both_ways": (
        "this model reads a prompt both ways, so that its words predict nothing: set estimate to "
        "neuron or weight"
    ),
    "many_events": "{file} has more than {most} lines: give the file as it was downloaded",
    "attack_too_early": "this run has not ended yet: attack it when it has",
    "not_changed": "this run has not changed the model yet: wait until its training has begun",
    "files_gone": (
        "the files of this run are no longer on disk: start a new one, or load its downloaded folder"
    ),
    "other_weights": (
        "{file} of this attack does not hold the weights that it left (their hash differs): attack "
        "again"
    ),
    "nothing_yet": "this run has nothing to download yet: wait until it has ended",
    "no_replica": "no replica of the model is ready now: wait a moment",
    "apart": (
        "these runs are on different replicas until they have ended: wait, or ask about one of them"
    ),
    "replica_gone": (
        "the weights of this run were in the memory of a replica that has ended: start it again"
    ),
    "lost_twice": (
        "the replica that answered ended unexpectedly, and so did the next one: ask again later"
    ),
    "lost_again": (
        "the replicas that did this run ended unexpectedly {count} times: try lighter settings"
    ),
    "lost_here": "the lab ended {count} times while it did this run: try lighter settings",
    "begun_anew": "the lab ended while this run was under way, so it begins anew",
    "died": "the worker ended unexpectedly and was started again: try again",
    "weights_differ": (
        "the weights in memory are not those that this run left: start the lab again"
    ),
    "in_memory": (
        "kept in memory only and lost at a restart: {why}, then prepare the run's files in the last "
        "step"
    ),
    "unchecked": (
        "this folder was written before the lab kept a hash of the weights, so nothing shows that "
        "they are still the weights of this run"
    ),
    "about_person": "a run about this person is under way: stop it first",
    "foreign": "this run belongs to another model ({other}): load that one first",
    "would_be_lost": "the weights of the run {id} would be lost, they are {why}",
    # turns, and whose things are
    "run_not_yours": (
        "this run belongs to another visitor, and only they can {do} it: start one of your own"
    ),
    "person_not_yours": (
        "this person belongs to another visitor, and only they can {do} them: add one of your own"
    ),
    "run_not_shared": (
        "this run belongs to another visitor, who has not shared it: ask them to share it, or "
        "start one of your own"
    ),
    "person_not_shared": (
        "this person belongs to another visitor: choose somebody else, or add one of your own"
    ),
    "do_stop": "stop",
    "do_move": "move",
    "do_change": "change",
    "do_share": "share",
    "do_download": "download",
    "do_attack": "attack",
    "do_remove": "remove",
    "begun": "this run does not wait any more: stop it, and start another one",
    "at_the_end": "this run is the {end} of yours that wait: move another one",
    "end_first": "first",
    "end_last": "last",
    "attack_settings": "an attack has an attack's settings, every other run a recipe",
    "same_person": "a waiting run is about the same person: start another one for another",
    # the choice of a model
    "unknown": "unknown {what} {name}: valid are {valid}",
    "loaded_before": "another model was loaded before it began",
    "closed": (
        "the model of this lab cannot be changed in the page: ask whoever started it, who can allow "
        "that with --allow-change"
    ),
    "loaded_already": "{model} is loaded already: choose something else",
    "changing": (
        "the room's model is being changed to {model} with {benchmark}: wait until it is loaded"
    ),
    "cannot_stop": "the model is being loaded and that cannot be stopped: choose again afterwards",
    "cannot_load": "{model} with {benchmark} cannot be loaded: {problem}",
    "does_not_fit": (
        "{model} does not fit: it needs {needed} GB at {quantization}, and {free} GB can be free on "
        "{device}: choose another quantisation or a smaller model"
    ),
    "agree": "{gb} GB have to be downloaded first: agree to that and load again",
    # chat
    "empty_question": "the question is empty: type one, or pick a suggested question",
    "long_question": "the question is longer than {most} characters: shorten it",
    "many_turns": "this chat has {most} turns already: press Clear to start a new one",
    # methods and attacks
    "no_number": (
        "the loss is no longer a number: the last good state was kept; try a lower learning rate or "
        "forget weight"
    ),
    "attack_no_facts": (
        "{entity} has no two facts that are known by name, so none can be left untrained: choose "
        "another attack"
    ),
    "attack_no_projector": (
        "this model's projector holds no Linear that could be trained: choose another scope"
    ),
    "attack_no_number": "the attack's loss is no longer a number: try a lower learning rate",
    "no_memory": (
        "out of memory, with half as much at a time as well: choose a smaller --set batch, nf4 or a "
        "smaller model, or close what else uses the device"
    ),
    "not_in_halves": (
        "out of memory with {rows} of {batch} forget rows at a time: the last good state was kept; "
        "choose a smaller --set batch and retain_batch, nf4 or a smaller model"
    ),
    "manu": (
        "manu needs a question about {name} that does not ask for the name: add one, or choose "
        "another method"
    ),
    "relational": (
        "distance=relational compares pictures in pairs, and a step has only one: choose a larger "
        "retain_batch or another distance"
    ),
    "strangers": (
        "destination={destination} needs pictures of strangers, and the benchmark {benchmark} has "
        "none: choose destination=away"
    ),
    "silence": (
        "silence needs hidden neurons in the projector, and this model's has none: choose another "
        "method"
    ),
    "memory": (
        "the model needs about {needed} GB at {quantization}, you have {there}: choose {instead}a "
        "smaller model"
    ),
    # settings
    "unknown_key": "unknown recipe key {key}: valid keys are {known}",
    "wrong_kind": "{key}: {value} is not a {kind}",
    "not_one_of": "{key}: {value} is not one of {valid}",
    "outside": "{key}: {value} is outside {low} to {high}",
    "many_blocks": "blocks: {blocks} is more than the {live} live blocks of this model",
    # a person of one's own
    "form": "{where}: write question | answer, or question | answer | wrong | wrong | wrong",
    "line": "line {number}",
    "it": "it",
    "the_answer": "the answer",
    "wrong_answer": "a wrong answer",
    "no_letters": "the name has no letters: give the name of the person",
    "few_pictures": "{pictures} pictures: give {fewest} to {most} of one person",
    "picture": "picture {number}: {error}",
    "same_picture": "picture {number} is the same as picture {other}: leave one out",
    "few_questions": "{questions} questions: give 1 to {most} with their answers",
    "question": "question {number}: {error}",
    "same_question": "question {number} stands there twice: leave one out",
    "asks_name": "the lab asks for the name by itself: leave this question out",
    "same_answers": "the answer and the three wrong ones must all differ",
    "gives_away": '{part} gives the name away: write the whole name, or "this person"',
    "empty": "{what} is empty: fill it in",
    "longer": "{what} is longer than {most} characters: shorten it",
    "here_already": "{name} is here already with these pictures and questions, as {id}",
    "many_people": "{most} own people are kept already: remove one of them first",
    "cannot_write": "cannot write {folder} ({reason}): free some space",
    "no_own": "there is no own person {id}: list them with python -m lab own list",
    "cannot_delete": "cannot delete {folder} ({reason}): delete it by hand",
    "heavy_picture": "the picture has {size} MB: use one of at most {most} MB",
    "no_picture": "not a picture that can be read: use a JPEG, PNG or WebP file",
    "large_picture": "the picture is too large: use at most {most} megapixels",
    "damaged_picture": "the picture is damaged: save it again as JPEG, PNG or WebP",
    # a room and its teacher
    "closed_step": "your teacher has closed step {step} for now: wait until it is open",
    "other_people": "your teacher has chosen other people for this room: choose one of them",
    "locked": "your teacher has set {key} to {value} for this room: use that",
    "teachers_alone": "only the teacher of this room can do that: open the teacher's link",
    "no_nickname": "the nickname is empty: write a name that your teacher knows",
    "long_nickname": "the nickname is longer than {most} characters: shorten it",
    "odd_nickname": "the nickname may have letters, digits and emoji: leave other signs out",
    "full_room": "the room is full, {most} people are in it: ask your teacher",
    "wrong_tries": "too many wrong tries: wait {seconds} s, then try again",
    "not_right": "this is not right: look at it again, letter by letter",
    "long_message": "the message is longer than {most} characters: shorten it",
    "no_step": "there are the steps 1 to 6: choose one of them",
    "no_timer": "the timer takes 0 to {most} minutes: give another number",
    "broken_room": "cannot use {file} ({error}): delete it, and the room is made anew",
    "old_page": "the page is of another version of this lab: load it again",
    "entity_apart": "whom a run is about is chosen under People: choose them there",
    "no_person": "this lab does not have the person {person}: load the page again",
}
