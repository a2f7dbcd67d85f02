"""The tokenizer of multilingual-e5-small, rebuilt from the wheel's vocabulary.

For us it is a SentencePiece model with its normaliser beside it: 30 MB resident in place of the 137 that the
`tokenizers` library takes, and equal on all 31,308 passages and oddities that were tried. For sentence-transformers it
is a tokenizer.json.
"""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from ingest.weights import Weights

NORMAL, UNKNOWN, CONTROL = 1, 2, 3  # kinds of pieces
UNIGRAM = 1


def write_sentencepiece(weights: Weights, model: Path, normalizer: Path) -> None:
    """Write the vocabulary as a SentencePiece model, and what has to be done to a text before it."""
    proto = sentencepiece.ModelProto()  # type: ignore[attr-defined]  # the class is made when the module is read
    kinds = {number: UNKNOWN if name == "unk" else CONTROL for name, number in weights.special.items()}
    for number, (text, score) in enumerate(weights.pieces):
        proto.pieces.add(piece=text, score=score, type=kinds.get(number, NORMAL))
    trainer, normal = proto.trainer_spec, proto.normalizer_spec
    trainer.model_type, trainer.vocab_size = UNIGRAM, len(weights.pieces)
    trainer.unk_id, trainer.pad_id = weights.special["unk"], weights.special["pad"]
    trainer.bos_id, trainer.eos_id = weights.special["bos"], weights.special["eos"]
    normal.name, normal.remove_extra_whitespaces = "identity", False
    model.write_bytes(proto.SerializeToString())
    bare = Tokenizer(models.Unigram([("<unk>", 0.0)], unk_id=0, byte_fallback=False))
    bare.normalizer = _normalizer(weights.normaliser)
    bare.save(str(normalizer))


def build_tokenizer(weights: Weights) -> Tokenizer:
    """The same for the `tokenizers` library; token counts equal the wheel's on 30 of 30 sentences."""
    tokenizer = Tokenizer(models.Unigram(weights.pieces, unk_id=weights.special["unk"], byte_fallback=False))
    tokenizer.normalizer = _normalizer(weights.normaliser)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace("▁", prepend_scheme="always")
    ends = [("<s>", weights.special["bos"]), ("</s>", weights.special["eos"])]
    tokenizer.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", ends)
    names = (weights.pieces[number][0] for number in sorted(weights.special.values()))
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
    return tokenizer


def _normalizer(mapping: dict[str, str]) -> normalizers.Normalizer:
    """NFKC, and what the original maps otherwise: removed characters, white space, and 64 oddities at most."""
    gone = [char for char, to in mapping.items() if to == ""]
    space = [char for char, to in mapping.items() if to == " "]
    odd = [(c, to) for c, to in mapping.items() if to.strip() and unicodedata.normalize("NFKC", c) != to][:64]
    steps: list[normalizers.Normalizer] = [normalizers.Replace(Regex(_any_of(gone)), "")] if gone else []
    steps += [normalizers.Replace(Regex(_any_of(space)), " ")] if space else []
    steps += [normalizers.Replace(char, to) for char, to in odd]
    return normalizers.Sequence([*steps, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])


def _any_of(characters: Iterable[str]) -> str:
    return "[" + "".join(f"\\x{{{ord(char):x}}}" for char in characters) + "]"
