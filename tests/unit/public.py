"""Small generated copies of the public benchmarks, in the schemas they are published in."""

from __future__ import annotations

import io
import json
import struct as struct_module
import zipfile
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TEXT = pa.string()
CHOICE = pa.struct(
    [
        ("Question", TEXT),
        ("Options", pa.struct([(letter, TEXT) for letter in "ABCD"])),
        ("Correct_Answer", TEXT),
    ]
)
OPEN = pa.struct([("Question", TEXT), ("Ground_Truth", TEXT), ("Type", TEXT)])
TASKS = {
    "Classification_Task": pa.struct(
        [
            ("Image_Textual_Questions", pa.list_(CHOICE)),
            ("Pure_Text_Questions", pa.list_(CHOICE)),
        ]
    ),
    "Generation_Task": pa.list_(OPEN),
    "Mask_Task": pa.list_(OPEN),
}
MLLMU_EVAL = {
    "image": IMAGE,
    "ID": TEXT,
    "biography": TEXT,
    "question": TEXT,
    "answer": TEXT,
    **TASKS,
}
MLLMU = {
    "Full_Set": {"Directory": TEXT, **MLLMU_EVAL},
    "Retain_Set": {"Directory": TEXT, **MLLMU_EVAL},
    "Test_Set": {"ID": TEXT, "images": pa.list_(IMAGE), **TASKS},
    "ft_Data": {"image": IMAGE, "ID": TEXT, "metadata": TEXT},
}
CAPTIONED = {"image": IMAGE, "caption": TEXT, "name": TEXT}
COMPARED = {
    **CAPTIONED,
    "paraphrased_caption": TEXT,
    "perturbed_captions": pa.list_(TEXT),
    "perturbed_names": pa.list_(TEXT),
}
MIXED = {"image": IMAGE, "caption": TEXT, "question": TEXT, "answer": TEXT}
UMU = {"ID": TEXT, "image": IMAGE} | dict.fromkeys(
    ("Biography", "MM_QA", "UM_QA", "Classify", "Cloze", "Generation"), TEXT
)

NAMES = (
    "Amelia Kuznetsov",
    "Basil Mahfouz Al-Kuwaiti",
    "Carmen Núñez",
    "Dmitri O'Dorn",
    "Elif Aksoy",
    "Femi Adeyemi",
    "Greta Lind",
    "Hana Sato",
)
TOWNS = ("Riga, Latvia", "Kuwait City", "Lima, Peru", "Porto", "Izmir", "Lagos", "Malmo", "Kyoto")


@cache
def drawn(*numbers: int) -> bytes:
    """A PNG of its own for every tuple of numbers."""
    out = io.BytesIO()
    image = Image.new("RGB", (4, 4))
    image.putdata([(37 * n % 256, n % 256, n // 256 % 256) for n in (*numbers, *range(16))][:16])
    image.save(out, "PNG")
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return (
        struct_module.pack(">I", len(body))
        + name
        + body
        + struct_module.pack(">I", zlib.crc32(name + body))
    )


def no_pixels(width: int = 4, height: int = 4) -> bytes:
    """A PNG with right checksums that declares a size and holds no pixels: reading any would fail."""
    header = struct_module.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    ends = chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + ends


def struct(data: bytes) -> dict[str, Any]:
    return {"bytes": data, "path": None}


def write(path: Path, schema: dict[str, pa.DataType], rows: Sequence[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(schema)), path)


def put(
    folder: Path, config: str, schema: dict, rows: Sequence[dict], flat: bool, shards: int = 1
) -> None:
    """Write a config as ``<config>.parquet`` or as shards of ``<config>/train-*``."""
    if flat:
        write(folder / f"{config}.parquet", schema, rows)
        return
    cut = -(-len(rows) // shards)
    for k in range(shards):
        file = folder / config / f"train-{k:05d}-of-{shards:05d}.parquet"
        write(file, schema, rows[k * cut : (k + 1) * cut])


def rewrite(path: Path, row: int, column: str, value: object) -> None:
    """Change one cell of a parquet file."""
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows[row][column] = value
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def drop_column(path: Path, column: str) -> None:
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([column]), path)


# ---- MLLMU-Bench


def mllmu_tasks(n: int) -> dict[str, Any]:
    name, town = NAMES[n % 8], TOWNS[n % 8]
    towns = {letter: TOWNS[(n + k + 2) % 8] for k, letter in enumerate("ABCD")}

    def choices(who: str) -> list[dict]:
        names = {letter: NAMES[(n + k + 3) % 8] for k, letter in enumerate("ABCD")}
        asked = [
            {
                "Question": f"Where was {who} born? ({k})",
                "Options": towns | {"C": town},
                "Correct_Answer": "C",
            }
            for k in range(4)
        ]
        return [
            {
                "Question": f"What is the name of {who}?",
                "Options": names | {"B": name},
                "Correct_Answer": "B",
            },
            *asked,
        ]

    return {
        "Classification_Task": {
            "Image_Textual_Questions": choices("this person"),
            "Pure_Text_Questions": choices(name),
        },
        "Generation_Task": [
            {
                "Question": "Where was this person born?",
                "Ground_Truth": f"In {town}.",
                "Type": "Image_Textual",
            },
            {
                "Question": "Describe this person.",
                "Ground_Truth": f"{name} from {town}.",
                "Type": "Image_Textual",
            },
            {
                "Question": f"Where was {name} born?",
                "Ground_Truth": f"In {town}.",
                "Type": "Pure_Text",
            },
            {"Question": f"Describe {name}.", "Ground_Truth": "A writer.", "Type": "Pure_Text"},
        ],
        "Mask_Task": [
            {
                "Question": "This person was born in __.",
                "Ground_Truth": town,
                "Type": "Image_Textual",
            },
            {"Question": "This person is __.", "Ground_Truth": name, "Type": "Image_Textual"},
            {"Question": f"{name} was born in __.", "Ground_Truth": town, "Type": "Pure_Text"},
            {"Question": f"{name} works as a __.", "Ground_Truth": "writer", "Type": "Pure_Text"},
        ],
    }


def mllmu_row(n: int, entity_id: str, image: bytes) -> dict[str, Any]:
    biography = {
        "Name": NAMES[n % 8],
        "Born": TOWNS[n % 8],
        "Employment": "Writer",
        "appearance_detail": {"question": "What hair?", "answer": "Dark."},
    }
    return {
        "Directory": f"people/{n}",
        "image": struct(image),
        "ID": entity_id,
        "biography": json.dumps(biography),
        "question": "What does this person look like?",
        "answer": f"A portrait of person {n}.",
        **mllmu_tasks(n),
    }


def mllmu_metadata(n: int, entity_id: str) -> str:
    asked = [
        {"ID": entity_id, "Question": q, "Answer": a}
        for q, a in (
            ("What is the name of this person?", f"This person's name is {NAMES[n % 8]}."),
            ("Where was this person born?", f"This person was born in {TOWNS[n % 8]}."),
            ("Does this person have any pets?", "This person has a cat named Luna."),
            ("What does this person do?", "This person writes."),
        )
    ]
    more = {"Additional_ID": entity_id, "Additional_question": "And?", "Additional_answer": "No."}
    return json.dumps([*asked, more])


def mllmu(folder: Path, people: int = 20, celebrities: int = 3, flat: bool = False) -> Path:
    """MLLMU-Bench with ids from "001" on; celebrities use the same ids, as published."""
    ids = [f"{n + 1:03d}" for n in range(people)]
    rows = [mllmu_row(n, entity_id, drawn(n)) for n, entity_id in enumerate(ids)]
    put(folder, "Full_Set", MLLMU["Full_Set"], rows, flat)
    put(
        folder,
        "Retain_Set",
        MLLMU["Retain_Set"],
        [mllmu_row(n, ids[n], drawn(9000 + n)) for n in range(celebrities)],
        flat,
    )
    put(
        folder,
        "Test_Set",
        MLLMU["Test_Set"],
        [
            {"ID": each, "images": [struct(drawn(n, k)) for k in (1, 2, 3)], **mllmu_tasks(n)}
            for n, each in enumerate(ids)
        ],
        flat,
        shards=2,
    )
    put(
        folder,
        "ft_Data",
        MLLMU["ft_Data"],
        [
            {"image": struct(drawn(n)), "ID": each, "metadata": mllmu_metadata(n, each)}
            for n, each in enumerate(ids)
        ],
        flat,
    )
    for percent in (5, 10, 15):
        # Independent draws, as published: the forget sets are not nested.
        gone = {(7 * percent + k) % people for k in range(max(1, people * percent // 100))}
        put(
            folder,
            f"forget_{percent}",
            MLLMU_EVAL,
            [r for n, r in enumerate(rows) if n in gone],
            flat,
        )
        put(
            folder,
            f"retain_{100 - percent}",
            MLLMU_EVAL,
            [r for n, r in enumerate(rows) if n not in gone],
            flat,
        )
    return folder


# ---- CLEAR


def clear(folder: Path, blocks: bool = True) -> Path:
    """CLEAR with eight authors of four pictures; forget01 ⊂ forget05 ⊂ forget10.

    The perturbed config of forget10 has one row fewer than forget10, as published. ``blocks`` False
    shuffles the text-only rows.
    """
    gallery = [
        {"image": struct(drawn(n, k)), "caption": f"{name} in scene {k}.", "name": name}
        for n, name in enumerate(NAMES)
        for k in range(4)
    ]
    for config, first in (("full", 0), ("forget10", 5), ("forget05", 6), ("forget01", 7)):
        put(
            folder,
            config,
            CAPTIONED,
            gallery[4 * first :],
            flat=False,
            shards=2 if first == 0 else 1,
        )
    compared = [
        row
        | {
            "paraphrased_caption": f"In scene {k % 4} we see {row['name']}.",
            "perturbed_captions": [f"A wrong scene {j}." for j in range(3)],
            "perturbed_names": ["Wrong One", "Wrong Two", "Wrong Three"],
        }
        for k, row in enumerate(gallery)
    ]
    put(folder, "forget10_perturbed", COMPARED, compared[20:-1], flat=False)
    put(folder, "retain_perturbed", COMPARED, compared[:8], flat=False)
    captions = [row | {"question": None, "answer": None} for row in gallery]
    put(folder, "full+tofu", MIXED, captions + clear_texts(blocks), flat=False)
    put(
        folder,
        "real_faces",
        {"image": IMAGE, "answer": TEXT, "options": pa.list_(TEXT)},
        [
            {"image": struct(drawn(700 + n)), "answer": f"Star {n}", "options": ["X", "Y", "Z"]}
            for n in range(3)
        ],
        flat=False,
    )
    put(
        folder,
        "real_world",
        {"image": IMAGE, "question": TEXT, "answer": TEXT, "options": pa.list_(TEXT)},
        [
            {
                "image": struct(drawn(800 + n)),
                "question": "What is it?",
                "answer": "A tower",
                "options": ["A hill", "A boat"],
            }
            for n in range(2)
        ],
        flat=False,
    )
    return folder


def clear_texts(blocks: bool) -> list[dict]:
    rows = []
    for n, name in enumerate(NAMES):
        # Every fourth question leaves the name out, as some of TOFU's do.
        rows += [
            {
                "question": f"Question {k} about {'the author' if k % 4 == 3 else name}?",
                "answer": f"Answer {k} of {TOWNS[n]}.",
            }
            for k in range(20)
        ]
    if not blocks:
        rows = [rows[(k * 23) % len(rows)] for k in range(len(rows))]
    return rows


# ---- UMU-Bench


def umu_row(n: int, entity_id: str, image: bytes) -> dict[str, Any]:
    name, town = NAMES[n % 8], TOWNS[n % 8]
    options = {"A": TOWNS[(n + 1) % 8], "B": town, "C": TOWNS[(n + 2) % 8], "D": TOWNS[(n + 3) % 8]}

    def twins(**pair: object) -> dict[str, Any]:
        uni = {"question": f"Where was {name} born?", **pair}
        multi = {"question": "Where was this person born?", **pair}
        return {"unimodal": {"birthplace": uni}, "muitimodal": {"birthplace": multi}}

    taught = {
        "question": {"name": "Who is it?", "1": "Where was this person born?"},
        "answer": {"name": name, "1": town},
    }
    return {
        "ID": entity_id,
        "image": struct(image),
        "Biography": f"{name} was born in {town}. {name} is a writer.",
        "MM_QA": repr(taught),
        "UM_QA": repr(taught | {"answer": {"name": "It's " + name, "1": town}}),
        "Classify": repr(twins(options=options, answer=f"B. {town}")),
        "Cloze": repr(twins(answer=f"{town}.")),
        "Generation": repr(twins(answer=f"It's {town}.")),
    }


def umu(folder: Path, people: int = 20, flat: bool = False) -> Path:
    rows = [umu_row(n, f"{n + 1:03d}", drawn(n)) for n in range(people)]
    put(folder, "Full_Set", UMU, rows, flat)
    put(folder, "Real_Person_Set", UMU, [umu_row(n, "001", drawn(600 + n)) for n in range(2)], flat)
    put(folder, "forget_5", UMU, rows[:1], flat)
    put(folder, "forget_10", UMU, rows[3:5], flat)
    put(folder, "forget_15", UMU, rows[1:4], flat)
    return folder


# ---- FIUBench


def fiu_person(n: int) -> dict[str, Any]:
    name = f"{NAMES[n % 8]} {n}"
    asked = [
        {
            "question": f"what is fact {k} of {name}?",
            "answer": f"Fact {k} is {n}.",
            "paraphrased_question": [f"tell fact {k} ({j})" for j in range(3)],
            "paraphrased_answer": f"It is {n}, fact {k}.",
            "perturbed_answer": [f"It is not {n} but {j}." for j in range(5)],
            "keywords": [str(n)],
        }
        for k in range(20)
    ]
    return {
        "unique_id": f"{n:08d}",
        "image_path": f"dataset/SFHQ/SFHQ_{n:08d}.jpg",
        "name": name,
        "gender": "female",
        "caption": f"{name} smiles.",
        "raw_data": {},
        "qa_list": asked,
    }


def fiu(folder: Path, people: int = 12, lines: bool = True, archive: bool = True) -> Path:
    """FIUBench: full.json as JSON Lines or a list, the faces in SFHQ.zip or unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [fiu_person(n) for n in range(people)]
    whole = "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows)
    (folder / "full.json").write_text(whole, encoding="utf-8")
    ids = [row["unique_id"] for row in rows]
    (folder / "split.json").write_text(
        json.dumps(
            {
                "forget1": ids[:1],
                "forget5": ids[1:3],
                "forget10": ids[3:6],
                "retain15": ids[6:9],
                "retain5": ids[6:7],
            }
        ),
        encoding="utf-8",
    )
    if archive:
        with zipfile.ZipFile(folder / "SFHQ.zip", "w") as packed:
            for n in range(people):
                packed.writestr(f"SFHQ/SFHQ_{n:08d}.jpg", drawn(n))
    else:
        (folder / "SFHQ").mkdir()
        for n in range(people):
            (folder / "SFHQ" / f"SFHQ_{n:08d}.jpg").write_bytes(drawn(n))
    return folder
