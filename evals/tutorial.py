"""The pipeline of LangChain's RAG tutorial over Shyraq's knowledge: what a library would otherwise copy.

    python -m evals.tutorial build FOLDER       split, embed and store the knowledge
    python -m evals.tutorial serve FOLDER PORT  POST /api/chat {"message"} → {"passages", "fifth"}

RecursiveCharacterTextSplitter with the sizes given there, a Chroma store, a similarity search for 4 passages, FastAPI
and one uvicorn worker; no LLM: the passages are the answer. The model is Shyraq's own, multilingual-e5-small, run by
sentence-transformers; `E5` stands in for langchain-huggingface, which today's tokenizers and huggingface-hub rule out.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pydantic import BaseModel

from assistant.knowledge import LANGUAGES, Knowledge, load
from assistant.settings import shipped
from ingest.model import write_sentence_transformers

MODEL, STORE = "model", "chroma"


class E5(Embeddings):
    """multilingual-e5-small in a sentence-transformers folder, with the prefixes that it wants."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(folder))

    def embed_query(self, text: str) -> list[float]:
        """A unit vector of 384 numbers."""
        return self._encode([f"query: {text}"])[0]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A unit vector a text."""
        return self._encode([f"passage: {text}" for text in texts])

    def _encode(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.encode(texts, normalize_embeddings=True).tolist()
        return vectors


class Message(BaseModel):
    """A question."""

    message: str


def main() -> None:
    """Build or serve, as the command line says."""
    command, folder, *port = sys.argv[1:]
    if command == "build":
        build(Path(folder))
    else:
        uvicorn.run(create_app(Path(folder)), port=int(port[0]), log_level="warning")


def build(folder: Path) -> None:
    """Write the model and the vector store of the shipped knowledge in `folder`."""
    write_sentence_transformers(folder / MODEL)
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
    splits = splitter.split_documents(list(_documents(load(shipped("knowledge")))))
    open_store(folder).add_documents(splits)
    print(f"the tutorial's store: {len(splits)} passages", flush=True)


def _documents(knowledge: Knowledge) -> Iterator[Document]:
    """A page an entry and language: its title, and its texts in their order."""
    for entry in knowledge.entries:
        for language in LANGUAGES:
            texts = [entry.title[language], *(aspect.text[language] for aspect in entry.aspects)]
            yield Document("\n\n".join(texts), metadata={"source": f"{entry.id}/{language}"})


def open_store(folder: Path) -> Any:
    """LangChain's Chroma store in `folder`."""
    return Chroma("tutorial", E5(folder / MODEL), persist_directory=str(folder / STORE))


def create_app(folder: Path) -> FastAPI:
    """One route over the store."""
    app, store = FastAPI(), open_store(folder)

    @app.post("/api/chat")
    def chat(message: Message) -> dict[str, list[str]]:
        found = [document.page_content for document in store.similarity_search(message.message, k=5)]
        return {"passages": found[:4], "fifth": found[4:]}  # the fifth only so that recall@5 can be told

    return app


if __name__ == "__main__":
    main()
