"""Train the models of what a question asks for: `python -m evals.train_attribute`, after `shyraq ingest`.

It learns from the typical questions of the index and from evals/asking/: held.jsonl, more ways to ask for what each
aspect answers; lacking.jsonl, questions in our field that nothing answers; followups.jsonl, scraps that go on asking of
an entry ("of"), learnt as they are made whole; talk.jsonl, small talk, scraps and questions of other fields. All were
written for Shyraq apart from the suites. Each line is {"asks": "entry#aspect", "topic#ID" or "intent#ID", "kk", "ru",
"en"}. The same rows give the same model.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.attribute import BUCKETS, LACKED, MEANT, TALK, WORDED, hashed, weighed
from assistant.classifier import Floats, softmax
from assistant.embedding import open_model
from assistant.followup import linked
from assistant.index import current_folder, read_passages
from assistant.knowledge import LANGUAGES, Entry, Knowledge
from assistant.settings import read_settings
from evals.perceptron import SMOOTHING, fit
from ingest.cores import on_all_cores

ASKING = Path(__file__).parent / "asking"
EPOCHS, BATCH, RATE = 4, 512, 0.5
SEED = 20261127

Features = tuple[NDArray[np.intp], Floats]


def main() -> None:
    """Train and write assistant/attribute-words.npz and attribute-vectors.npz."""
    settings = read_settings()
    folder = current_folder(settings.data_dir / "index")
    typical = [(passage.aspect, passage.text) for passage in read_passages(folder) if passage.kind == "question"]
    knowledge = Knowledge.model_validate_json((folder / "knowledge.json").read_text(encoding="utf-8"))
    rows = [*typical, *_written({entry.id: entry for entry in knowledge.entries})]
    texts, labels = [text for _, text in rows], [_attribute(asks) for asks, _ in rows]
    fit(_embedded(texts, settings.data_dir), labels).save(MEANT)
    _teach_words(texts, labels)
    lacked = sum(label.startswith(LACKED) for label in labels)
    print(f"{len(texts)} questions of {len(set(labels))} classes are learnt, {lacked} of what nobody holds;")
    print("now: python -m evals.calibrate_gate --write")


def _embedded(texts: Sequence[str], data: Path) -> Floats:
    """The vector and the inner layers of each text, on all cores: about 15 minutes on two."""
    model = open_model("e5-small", data)

    def embedded(text: str) -> NDArray[np.float16]:
        told = model.embed_question(text)
        return np.array(told.vector + told.inner, np.float16)

    found = on_all_cores(embedded, list(dict.fromkeys(texts)), "Embedding texts", print)
    return np.array([found[text] for text in texts], np.float32)


def _teach_words(texts: Sequence[str], labels: Sequence[str]) -> None:
    classes, wanted = np.unique(np.array(labels), return_inverse=True)
    idf = _rarities(texts)
    weights, bias = _train([weighed(text, idf) for text in texts], wanted, len(classes))
    scale = np.abs(weights).max(axis=0) / 127
    small = np.rint(weights / scale).astype(np.int8)
    np.savez_compressed(WORDED, classes=classes, idf=idf, weights=small, scale=scale.astype(np.float32), bias=bias)


def _written(entries: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
    """What each question of evals/asking/ asks for, and the question; with the title of what it is of, if it says."""
    for file in sorted(ASKING.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            for language in LANGUAGES:
                of = entries[row["of"]].title[language] if "of" in row else ""
                yield row["asks"], linked(of, row[language]) if of else row[language]


def _attribute(asks: str) -> str:
    """An aspect's own id, whatever entry it is of: "strength" of each library is one class."""
    return asks if asks.startswith((LACKED, TALK)) else asks.split("#")[1]


def _rarities(texts: Sequence[str]) -> Floats:
    counts = np.zeros(BUCKETS)
    for text in texts:
        counts[np.unique(np.fromiter(hashed(text), np.intp))] += 1
    return np.log(len(texts) / (counts + 1)).astype(np.float32)


def _train(features: Sequence[Features], wanted: NDArray[np.intp], classes: int) -> tuple[Floats, Floats]:
    """Softmax regression by Adagrad (Duchi et al. 2011) over shuffled batches: (weights, bias)."""
    weights, seen = np.zeros((BUCKETS, classes), np.float32), np.full((BUCKETS, classes), 1e-8, np.float32)
    bias, bias_seen = np.zeros(classes, np.float32), np.full(classes, 1e-8, np.float32)
    order = np.random.default_rng(SEED)
    for epoch in range(EPOCHS):
        loss = 0.0
        shuffled = order.permutation(len(wanted))
        for start in range(0, len(shuffled), BATCH):
            batch = shuffled[start : start + BATCH]
            used, dense = _dense([features[row] for row in batch])
            chances = softmax(dense @ weights[used] + bias)
            right = (np.arange(len(batch)), wanted[batch])
            loss -= float(np.log(chances[right] + 1e-9).sum())
            error = chances - SMOOTHING / classes
            error[right] -= 1 - SMOOTHING
            slope = dense.T @ error / len(batch)
            seen[used] += slope * slope
            weights[used] -= RATE * slope / np.sqrt(seen[used])
            bias_slope = error.mean(axis=0)
            bias_seen += bias_slope * bias_slope
            bias -= RATE / 10 * bias_slope / np.sqrt(bias_seen)
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {loss / len(wanted):.3f}", flush=True)
    return weights, bias


def _dense(rows: Sequence[Features]) -> tuple[NDArray[np.intp], Floats]:
    """The buckets that a batch uses, and its features over those (rows × used)."""
    used = np.unique(np.concatenate([buckets for buckets, _ in rows]))
    dense = np.zeros((len(rows), len(used)), np.float32)
    for row, (buckets, shares) in enumerate(rows):
        dense[row, np.searchsorted(used, buckets)] = shares
    return used, dense


if __name__ == "__main__":
    main()
