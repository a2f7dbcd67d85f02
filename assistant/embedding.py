"""Text → vector, behind LangChain's `Embeddings`: multilingual-e5-small in int8 ONNX, or a sentence-transformers model.

E5 wants the prefixes "query: " and "passage: " (Wang et al., Multilingual E5 Text Embeddings, arXiv 2402.05672).
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from langchain_core.embeddings import Embeddings
from sentencepiece import SentencePieceProcessor
from tokenizers import Tokenizer

from assistant.errors import ModelError

GRAPH, TOKENIZER, NORMALIZER = "model-int8.onnx", "tokenizer.model", "normalizer.json"
VECTORS = "e5-small-int8-3"  # the name of the vectors that the default model makes; they are kept while it stands
MODEL_FOLDER = f"{VECTORS}-inner"
PASSAGE_TOKENS, QUERY_TOKENS = 512, 256
THREADS = 2


class Embedded(NamedTuple):
    """A question's unit vector, and what inner layers of the model made of it: nothing where it does not tell."""

    vector: list[float]
    inner: list[float]


class E5Small(Embeddings):
    """The default model; safe to call from many threads.

    A text a run: int8 activations are scaled over the whole batch, so a text's vector would depend on its neighbours.
    Two onnxruntime threads that do not spin while they wait: one caller is answered in 12.5 ms in place of 19.3, and
    four still get 91 vectors a second in place of 93 (spinning: 83; two cores without VNNI).
    """

    name = "e5-small"

    def __init__(self, folder: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._tokenizer = SentencePieceProcessor(model_file=str(folder / TOKENIZER))
            self._normalizer = Tokenizer.from_file(str(folder / NORMALIZER)).normalizer
            self._session = onnxruntime.InferenceSession(
                str(folder / GRAPH), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # these libraries raise bare Exceptions for a missing or damaged file
            raise ModelError(f"cannot open the embedding model in {folder}: {error}; run `shyraq ingest`") from error

    def embed_query(self, text: str) -> list[float]:
        """A unit vector of 384 numbers for a question."""
        return self.embed_question(text).vector

    def embed_question(self, text: str) -> Embedded:
        """The same vector, and the 768 numbers of two inner layers."""
        return self._embed("query: " + text, QUERY_TOKENS)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector a passage."""
        return [self._embed("passage: " + text, PASSAGE_TOKENS).vector for text in texts]

    def tokens(self, text: str) -> list[int]:
        """The numbers of a text's pieces, after that of the beginning."""
        whole = text.encode("utf-8", "replace").decode()  # no lone surrogates
        return [self._tokenizer.bos_id(), *self._tokenizer.encode(self._normalizer.normalize_str(whole))]

    def _embed(self, text: str, limit: int) -> Embedded:
        feed = np.array([self.tokens(text)[: limit - 1] + [self._tokenizer.eos_id()]], np.int64)
        told: Any = self._session.run(["embedding", "inner"], {"input_ids": feed, "attention_mask": np.ones_like(feed)})
        return Embedded(*(output[0].tolist() for output in told))


class SentenceTransformerModel(Embeddings):
    """Any sentence-transformers model, by name or folder; needs the extra `shyraq[sentence-transformers]`."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            message = "sentence-transformers is not installed: pip install 'shyraq[sentence-transformers]'"
            raise ModelError(message) from error
        try:
            self._model = SentenceTransformer(name)
        except (OSError, ValueError) as error:
            raise ModelError(f"cannot open the sentence-transformers model {name!r}: {error}") from error
        self.name = f"sentence-transformers:{name}"

    def embed_query(self, text: str) -> list[float]:
        """A unit vector for a question, with the model's own "query" prompt where it has one."""
        vector: list[float] = self._model.encode_query(text, normalize_embeddings=True).tolist()
        return vector

    def embed_question(self, text: str) -> Embedded:
        """The same vector; inner layers are not asked."""
        return Embedded(self.embed_query(text), [])

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector a passage, with the model's own "document" prompt where it has one."""
        vectors: list[list[float]] = self._model.encode_document(texts, normalize_embeddings=True).tolist()
        return vectors


Model = E5Small | SentenceTransformerModel


def open_model(setting: str, data: Path) -> Model:
    """The model that SHYRAQ_EMBEDDING names; raises ModelError."""
    if setting == "e5-small":
        return E5Small(data / "models" / MODEL_FOLDER)
    return SentenceTransformerModel(setting.removeprefix("sentence-transformers:"))
