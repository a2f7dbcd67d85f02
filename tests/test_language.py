"""Which language a message is in, however it is typed."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.knowledge import Language
from assistant.language import Identified, Identifier
from evals import respell

MESSAGES: dict[Language, list[str]] = {
    "kk": [
        "сәлем", "Кітапхана қайда орналасқан?", "КІТАПХАНА ҚАЙДА", "Абайдың қай шығармасын оқысам болады?", "иә",
        "рахмет",
        "кайда орналаскан", "маган комек керек", "ен улкен китапхана кайсы", "шымкентте кандай китапханалар бар",
        "калайсыз", "салеметсиз бе", "окырман билетин калай алам", "кiтaпхaна қайда", "китапхана туралы айтшы",
        "salem", "salemetsiz be", "kitapkhana turaly aitshy", "rahmet", "raqmet sizge", "qalaysyz", "kalaisyn",
        "mangystau kitaphanasy turaly ne bilesiz", "jumys waqyty qandai", "aitwy kitap qaida", "bugin ashyk pa",
        "mağan kömek kerek", "maǵan kómek kerek", "mag'an ko'mek kerek", "Qazaqstan Ūlttyq kıtaphanasy",
        "KITAPHANA QAYDA", "kitpahana turalyy aitshi", "en ulken kitaphana qaisy", "zhok rakhmet",
        "DosAI деген не", "AI Zhan туралы айт", "DosAI degen ne",
    ],
    "ru": [
        "привет", "спасибо", "Где находится библиотека?", "КАК ЗАПИСАТЬСЯ", "рассажи пра библеотеку", "пжл адрес",
        "privet", "spasibo", "zdravstvuyte", "kak zapisatsya v biblioteku", "gde nakhoditsia biblioteka",
        "4to takoe DosAI", "rasskaji pro biblioteku v kostanae", "mojno vzyat knigu domoy", "xorowo", "KAK DELA",
        "skolko knig v fonde", "Что такое DosAI?", "как работает chatbot", "что такое Library Hub",
    ],
    "en": [
        "hello", "hi", "thanks", "Where is the library?", "WHAT IS DOSAI", "tell me about Kostanay regional library",
        "who was Abai Kunanbayev", "What is the Mukanov library in Petropavl?", "Mangystau library",
        "liblary openning hours",
        "which is the biggest", "children's books in Kazakh", "is there parking", "rare books", "What is Nauryz",
        "Where is Qazaqstan Ulttyq Kitaphanasy", "what does rakhmet mean",
    ],
}  # fmt: skip
MIXED: dict[Language, list[str]] = {
    "kk": [
        "Библиотека туралы айтшы", "қай библиотека жақсы", "читательский билет қалай аламын",
        "книгаларды қалай продлить етем",
        "бесплатно ма", "нейросеть деген не", "областная библиотека қай жерде",
    ],
    "ru": [
        "что такое кітапхана", "расскажи про Өскемен", "где находится Ұлттық кітапхана", "кто такой Сәбит Мұқанов",
        "расскажи про Қостанай кітапханасы", "rasskazhi pro Qostanai kitaphanasy",
    ],
    "en": ["What does кітапхана mean", "Tell me about Қостанай library", "what is Gylym Ordasy"],
}  # fmt: skip


@pytest.fixture(scope="module")
def identifier() -> Identifier:
    return Identifier.load()


def cases(messages: dict[Language, list[str]]) -> list[tuple[str, Language]]:
    return [(text, language) for language, texts in messages.items() for text in texts]


@pytest.mark.parametrize(("text", "language"), cases(MESSAGES))
def test_language(identifier: Identifier, text: str, language: Language) -> None:
    assert identifier.identify(text).language == language


@pytest.mark.parametrize(("text", "language"), cases(MIXED))
def test_grammar_outweighs_borrowed_words(identifier: Identifier, text: str, language: Language) -> None:
    assert identifier.identify(text).language == language


@pytest.mark.parametrize(
    ("text", "spelling", "script"),
    [
        ("Кітапхана қайда?", "cyrillic", "cyrillic"),
        ("где библиотека?", "cyrillic", "cyrillic"),
        ("китапхана кайда орналаскан", "folded", "cyrillic"),
        ("kitaphana qaida ornalasqan", "latin", "latin"),
        ("gde nahoditsya biblioteka", "latin", "latin"),
        ("where is the library", "english", "latin"),
        ("2015?", "none", None),
    ],
)
def test_spelling(identifier: Identifier, text: str, spelling: str, script: str | None) -> None:
    found = identifier.identify(text)
    assert (found.spelling, found.script) == (spelling, script)


@pytest.mark.parametrize("lean", ["kk", "ru"])
@pytest.mark.parametrize("text", ["Астана", "Алматы?", "Абай", "музей", "интернет", "Astana", "ok"])
def test_names_and_shared_words_lean(identifier: Identifier, text: str, lean: Language) -> None:
    assert identifier.identify(text, lean).language == lean


@pytest.mark.parametrize("text", ["Almaty", "Mukanov", "AI Zhan", "DosAI", "Kostanay"])
def test_latin_names_lean_to_english(identifier: Identifier, text: str) -> None:
    assert identifier.identify(text, "en").language == "en"


@pytest.mark.parametrize(
    ("text", "lean", "language"),
    [
        ("рақмет", "ru", "kk"),
        ("спасибо", "kk", "ru"),
        ("привет", "en", "ru"),
        ("сәлем", "en", "kk"),
        ("hello", "kk", "en"),
        ("thanks", "ru", "en"),
        ("kitaphana qaida", "en", "kk"),
        ("gde biblioteka", "kk", "ru"),
        ("where is the library", "kk", "en"),
        ("Где находится библиотека?", "kk", "ru"),
        ("Кітапхана қайда?", "ru", "kk"),
    ],
)
def test_a_clear_message_changes_language(
    identifier: Identifier, text: str, lean: Language, language: Language
) -> None:
    assert identifier.identify(text, lean).language == language


@pytest.mark.parametrize("text", ["", "   ", "123", "?!", "📚", "2013–2015", "图书馆", "مكتبة"])
def test_no_letters_of_use(identifier: Identifier, text: str) -> None:
    assert identifier.identify(text) == Identified(None, "none", 0.0)
    assert identifier.identify(text, "kk") == Identified("kk", "none", 0.0)


KAZAKH_TEXTS = [
    "Кітапханадағы ескі қолжазбаларды көруге рұқсат бере ме?",
    "Әжем үшін үлкен әріппен басылған кітап іздеп жүр едім",
    "Осы өңірдің тарихын зерттеп жүрген ғалымдар кімдер?",
]
RUSSIAN_TEXTS = [
    "Подскажите, можно ли посмотреть старинные рукописи",
    "Ищу для бабушки книгу с крупным шрифтом",
    "Кто изучает историю этого края?",
]


def test_habits_do_not_matter(identifier: Identifier) -> None:
    rng = random.Random(7)
    for _ in range(60):
        for text in KAZAKH_TEXTS:
            assert identifier.identify(respell.fold_kazakh(text, rng)).language == "kk"
            assert identifier.identify(respell.latin_kazakh(text, rng)).language == "kk"
        for text in RUSSIAN_TEXTS:
            assert identifier.identify(respell.latin_russian(text, rng)).language == "ru"


@given(st.text(st.characters(exclude_categories=()), max_size=80), st.sampled_from([None, "kk", "ru", "en"]))
def test_any_text_is_identified(text: str, lean: Language | None) -> None:
    found = Identifier.load().identify(text, lean)
    assert 0 <= found.confidence <= 1
    assert (found.spelling == "none") == (found.script is None)
    if found.spelling == "none":
        assert found.language == lean


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Назарбаев университеті библиотекасында временный пользователь статусы кімдерге беріледі?", "kk"),
        ("хочу білу Маңғыстау кітапханасы туралы", "kk"),
        ("Что такое «Жан ішінде жарық нұр»?", "ru"),
        ("Who published Aigul Zhumadil's “Жан ішінде жарық нұр”?", "en"),
        ("видео ашылмайды", "kk"),
        ("zakaz kelmedi", "kk"),
        ("где находится Қостанай облыстық кітапханасы", "ru"),
    ],
)
def test_kazakh_words_make_a_message_kazakh_and_names_do_not(identifier: Identifier, text: str, language: str) -> None:
    assert identifier.identify(text).language == language
