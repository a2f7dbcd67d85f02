"""Names of the shipped knowledge, as patrons write them."""

import pytest

from assistant.ask import Librarian
from assistant.knowledge import LANGUAGES, Language
from assistant.question import Question, understand


@pytest.fixture
def read(librarian: Librarian) -> "Reader":
    return Reader(librarian)


class Reader:
    """Reads questions with the catalogue of the shipped knowledge."""

    def __init__(self, librarian: Librarian) -> None:
        self.catalogue = librarian.shelf.index().catalogue

    def __call__(self, text: str, language: Language) -> Question:
        return understand(text, language, self.catalogue)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_library_is_found_by_its_own_title(read: Reader, language: Language) -> None:
    lost = [
        entry.title[language]
        for entry in read.catalogue.libraries()
        if entry.id not in read(entry.title[language], language).entities
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("text", "language", "entry"),
    [
        ("Қарағанды облыстық кітапханасының қиындығы", "kk", "karaganda-regional-library"),
        ("Қарағанды облыстық кітапханасында не бар", "kk", "karaganda-regional-library"),
        ("Караганды облыстык китапханасына", "kk", "karaganda-regional-library"),
        ("Павлодар облыстық кітапханасынан", "kk", "pavlodar-regional-library"),
        ("Назарбаев Университетінің кітапханасы", "kk", "nazarbayev-university-library"),
        ("Чехов атындағы кітапханада", "kk", "chekhov-central-city-library"),
        ("Меирам Бектембаевтың қызметі", "kk", "meiram-bektembayev"),
        ("в Карагандинской областной библиотеке", "ru", "karaganda-regional-library"),
        ("о Павлодарской областной библиотеке", "ru", "pavlodar-regional-library"),
        ("библиотеку имени Чехова", "ru", "chekhov-central-city-library"),
        ("библиотекой Назарбаев Университета", "ru", "nazarbayev-university-library"),
        ("библиотеку для незрячих и слабовидящих", "ru", "national-library-for-the-blind"),
        ("в IT-юрте", "ru", "it-yurt"),
        ("карагандинская областная бибилотека", "ru", "karaganda-regional-library"),
        ("павладарская областная библиотека", "ru", "pavlodar-regional-library"),
        ("Karaganda regional libary", "en", "karaganda-regional-library"),
        ("Kostanai Regional Library", "en", "kostanay-regional-library"),
        ("the Pushkin library", "en", "east-kazakhstan-regional-library"),
        ("the Sabit Mukanov library", "en", "north-kazakhstan-regional-library"),
        ("DosAIдың міндеті", "kk", "dosai"),
    ],
)
def test_a_name_is_found_in_any_ending_and_with_a_slip(read: Reader, text: str, language: Language, entry: str) -> None:
    assert read(text, language).entities == (entry,)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Костанайская и Карагандинская областные библиотеки", "ru"),
        ("Қостанай және Қарағанды облыстық кітапханалары", "kk"),
        ("Қостанай мен Қарағанды кітапханаларын салыстыр", "kk"),
        ("Kostanay and Karaganda Regional Libraries", "en"),
        ("Compare the Kostanay and Karaganda libraries", "en"),
    ],
)
def test_two_names_share_their_last_word(read: Reader, text: str, language: Language) -> None:
    assert set(read(text, language).entities) == {"kostanay-regional-library", "karaganda-regional-library"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Какая погода в Павлодаре?", "ru"),
        ("Павлодар", "ru"),
        ("Қарағандыда ауа райы қандай?", "kk"),
        ("hotels in Almaty", "en"),
        ("Восточный Казахстан", "ru"),
    ],
)
def test_a_place_alone_is_no_library(read: Reader, text: str, language: Language) -> None:
    question = read(text, language)
    assert question.entities == ()
    assert question.places


@pytest.mark.parametrize(
    ("text", "language"),
    [("национальная библиотека", "ru"), ("Ұлттық кітапхана", "kk"), ("the national library", "en")],
)
def test_a_national_library_may_be_several(read: Reader, text: str, language: Language) -> None:
    question = read(text, language)
    assert question.entities == ()
    offered = {entry for mention in question.mentions for entry in mention.entries}
    assert {"kazakh-national-library", "national-academic-library"} <= offered


def test_two_readings_never_share_the_word_that_tells(read: Reader) -> None:
    question = read("Национальная академическая библиотека Республики Казахстан", "ru")
    assert question.entities == ("national-academic-library",)


def test_names_that_share_words_are_both_read(read: Reader) -> None:
    question = read("The National Academic Library, and the Library of the National Museum too", "en")
    assert set(question.entities) == {"national-academic-library", "national-museum-library"}


@pytest.mark.parametrize(
    ("text", "language"),
    [("What must a library have?", "en"), ("Кітапханаға ақша бөлген елге не пайда?", "kk")]
    + [("Екі кітапхананың бірін таңдай алмай жүрмін", "kk")],
)
def test_a_short_word_is_no_long_name(read: Reader, text: str, language: Language) -> None:
    assert read(text, language).entities == ()


@pytest.mark.parametrize(
    ("text", "language", "entities"),
    [
        ("скок библиотек", "ru", ()),  # slang for "сколько", no СКО with an ending
        ("что есть в библиотеке СКО", "ru", ("north-kazakhstan-regional-library",)),
        ("НУдың кітапханасы", "kk", ("nazarbayev-university-library",)),
    ],
)
def test_an_acronym_takes_no_endings_but_of_kazakh_cases(
    read: Reader, text: str, language: Language, entities: tuple[str, ...]
) -> None:
    assert read(text, language).entities == entities
