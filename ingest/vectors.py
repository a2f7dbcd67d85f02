"""Vectors of the shipped texts, made beforehand: a first index takes a minute, not the seven that the model would.

`python -m ingest.vectors` writes them anew from the index in force. Texts that are not among them are embedded as ever.

    ingest/vectors.npz   model: its folder's name; keys: uint64, rising; rows: int8, keys × dimensions
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.embedding import VECTORS
from assistant.errors import ShyraqError
from assistant.index import Passage, Vectors, current_folder, read_passages
from assistant.settings import read_settings

FILE = Path(__file__).with_name("vectors.npz")
STEPS = 512  # of 1.0 in int8; no part of 31,300 vectors was over 0.21, and their cosine to the exact ones over 0.9999

Wording = tuple[bool, str]  # whether it is embedded as a question, and the text; equal wordings have equal vectors


def wording(passage: Passage) -> Wording:
    """What is embedded of a passage."""
    text = f"{passage.title}. {passage.text}" if passage.kind == "document" else passage.text
    return passage.kind == "question", text


def shipped_vectors(wanted: Sequence[Wording], file: Path = FILE) -> dict[Wording, Vectors]:
    """Unit vectors of those wordings that are shipped; none where they are another model's."""
    with np.load(file) as data:
        if str(data["model"]) != VECTORS:
            return {}
        keys, rows = data["keys"], data["rows"]
    sought = np.array([_key(each) for each in wanted], np.uint64)
    places = np.minimum(np.searchsorted(keys, sought), len(keys) - 1)
    vectors = rows[places].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {each: vectors[at] for at, each in enumerate(wanted) if keys[places[at]] == sought[at]}


def _key(each: Wording) -> int:
    is_question, text = each
    return int.from_bytes(hashlib.sha256(f"{is_question:d} {text}".encode()).digest()[:8], "big")


def write_vectors(folder: Path, file: Path) -> int:
    """Write to `file` the vectors of an index version, librarians' documents left out; returns how many."""
    passages, vectors = read_passages(folder), np.load(folder / "vectors.npy")
    keyed = {_key(wording(p)): row for row, p in enumerate(passages) if p.kind != "document"}
    keys = sorted(keyed)
    rows = np.clip(np.rint(vectors[[keyed[key] for key in keys]] * STEPS), -127, 127).astype(np.int8)
    np.savez_compressed(file, model=np.array(VECTORS), keys=np.array(keys, np.uint64), rows=rows)
    return len(keys)


def main() -> None:
    """`python -m ingest.vectors`, after `shyraq ingest`."""
    try:
        folder = current_folder(read_settings().data_dir / "index")
        sys.stdout.write(f"{write_vectors(folder, FILE)} vectors are in {FILE}\n")
    except (ShyraqError, OSError) as error:
        sys.exit(f"shyraq: {error}")


if __name__ == "__main__":
    main()
