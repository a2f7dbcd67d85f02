"""Whether the passages that hold a case's facts are found, in the question's language and from another."""

from collections.abc import Iterable, Sequence

from assistant.ask import Librarian, read
from assistant.catalogue import Catalogue
from assistant.clean import clean
from assistant.embedding import Embedded
from assistant.knowledge import LANGUAGES, Language
from assistant.question import Question
from assistant.retrieval import retrieve
from evals.cases import Case
from evals.facts import missing
from evals.ranks import score_any

TOP = 5


def rank_evidence(case: Case, librarian: Librarian) -> dict[str, float]:
    """The ranks of a case's evidence, "cross_…" the mean over the two other languages; none where it has none.

    Any aspect that holds all its facts is right, so cases of lists and of two questions mostly have none.
    """
    index = librarian.shelf.index()
    right = _right(case, index.catalogue)
    if not right:
        return {}
    question = understood(case, librarian)
    embedded = librarian.model.embed_question(question.text)
    ranks = score_any(_best_aspects(question, embedded, librarian), right)
    others = (other for other in LANGUAGES if other != case.language)
    crossed = [score_any(_crossed(question, embedded.vector, other, librarian), right) for other in others]
    return ranks | {f"cross_{name}": sum(each[name] for each in crossed) / len(crossed) for name in ranks}


def best_passages(case: Case, librarian: Librarian) -> list[str]:
    """The texts of the five aspects that retrieval puts first, best first."""
    question, known = understood(case, librarian), librarian.shelf.index().catalogue.known
    best = _best_aspects(question, librarian.model.embed_question(question.text), librarian)[:TOP]
    return [known[name].aspect.text[question.language] for name in best]


def _best_aspects(question: Question, embedded: Embedded, librarian: Librarian) -> list[str]:
    """The ids of the candidates for a question, as retrieval ranks them."""
    index = librarian.shelf.index()
    about = index.catalogue.about(question.entities)
    hits = index.search(question.language, question.text, embedded.vector, about=about)
    meant = librarian.gate.attributes.asked(question.text, embedded).likeliest
    found = retrieve(question, hits, meant, index.catalogue, librarian.ranking)
    return [candidate.hit.passage.aspect for candidate in found.candidates]


def _crossed(question: Question, vector: Sequence[float], language: Language, librarian: Librarian) -> list[str]:
    """What the question finds among the passages of another language, by meaning alone."""
    hits = librarian.shelf.index().search(language, question.text, vector, lexical=False)
    aspects = dict.fromkeys(hit.passage.aspect for hit in hits)
    return [aspect for aspect in aspects if aspect in librarian.shelf.index().catalogue.known]


def understood(case: Case, librarian: Librarian) -> Question:
    """A case's first message as the assistant reads it."""
    message = librarian.courtesies.without(clean(case.turns[0]))
    return read(message, None, (), librarian.shelf.index(), librarian)


def has_evidence(case: Case) -> bool:
    """Whether one message asks for facts that passages can be looked through for."""
    return case.is_answerable and bool(case.facts) and len(case.turns) == 1


def share(cases: Sequence[Case], texts: Iterable[Sequence[str]]) -> float:
    """The share of cases all of whose facts are in their texts."""
    pairs = zip(cases, texts, strict=True)
    return sum(not missing(case.facts, "\n\n".join(found), case.language) for case, found in pairs) / len(cases)


def _right(case: Case, catalogue: Catalogue) -> Sequence[str]:
    """The ids of the aspects whose text holds all facts of a case."""
    if not has_evidence(case):
        return []
    texts = ((name, known.aspect.text[case.language]) for name, known in catalogue.known.items())
    return [name for name, text in texts if not missing(case.facts, text, case.language)]
