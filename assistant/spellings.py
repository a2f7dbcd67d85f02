"""How people type Kazakh and Russian in Latin letters: each Cyrillic letter with its Latin spellings.

A spelling given twice is twice as common. Collected from the Kazakh Latin alphabets of 2017 (apostrophes), 2018
(acutes) and 2021 (ä ğ ñ ö ū ü ş), the Russian standards (GOST 7.79, BGN, passports) and chats.
`assistant.script` reads them backwards; `evals.respell` writes with them.
"""

from collections.abc import Mapping

Spellings = Mapping[str, tuple[str, ...]]

# What a Russian keyboard gives for each letter; і last became and because that is how "кітап" is typed on one.
RUSSIAN_KEYBOARD: Mapping[str, str] = dict(zip("әғқңөұүһі", "агкноуухи", strict=True))

_SAME = {cyrillic: (latin,) for cyrillic, latin in zip("абвгдезклмнопрстуф", "abvgdezklmnoprstuf", strict=True)}

KAZAKH: Spellings = _SAME | {
    "ә": ("a", "a", "a", "e", "ae", "ä", "á", "ə"), "ғ": ("g", "g", "gh", "ğ"), "қ": ("q", "q", "k", "k"),
    "ң": ("n", "n", "ng", "n'", "ñ"), "ө": ("o", "o", "o", "ö", "oe", "u"), "ұ": ("u", "u", "u", "ū", "y"),
    "ү": ("u", "u", "u", "ü", "ue"), "у": ("u", "u", "w", "y"), "ы": ("y", "y", "y", "i", "ı"),
    "і": ("i", "i", "i", "y", "ı"), "и": ("i", "i", "i", "iy"), "й": ("i", "y", "y", "j"),
    "ж": ("j", "j", "zh", "zh", "g"), "ш": ("sh", "sh", "sh", "w", "ş", "c"), "щ": ("sh", "sch"),
    "ч": ("ch", "ch", "c", "4", "ç"), "ц": ("ts", "c", "s"), "х": ("h", "h", "kh", "x"), "һ": ("h",),
    "ю": ("yu", "yu", "iu", "ju"), "я": ("ya", "ya", "ia", "ja"), "ё": ("yo", "e"), "э": ("e",), "ь": ("",), "ъ": ("",),
    "в": ("v", "v", "v", "w"),
}  # fmt: skip
RUSSIAN: Spellings = _SAME | {
    "ж": ("zh", "zh", "zh", "j", "g"), "й": ("y", "y", "i", "j"), "ы": ("y", "y", "y", "i"), "х": ("h", "h", "kh", "x"),
    "ц": ("ts", "ts", "c", "c"), "ч": ("ch", "ch", "ch", "4", "c"), "ш": ("sh", "sh", "sh", "w", "6"),
    "щ": ("sch", "shch", "sh", "shh", "w"), "ъ": ("", "", "'"), "ь": ("", "", "", "'"), "э": ("e", "e", "e", "je"),
    "ю": ("yu", "yu", "ju", "iu", "u"), "я": ("ya", "ya", "ya", "ja", "ia"), "ё": ("yo", "e", "e", "jo", "io"),
    "в": ("v", "v", "v", "w"), "е": ("e", "e", "e", "e", "ye"), "и": ("i",),
}  # fmt: skip

# The alphabets proper. Kazakh и and й are one letter in all three.
_LETTERS = "әғжиійқңөұүһшщчцыэюяёьъх"
_OFFICIAL = {
    "2021": "ä ğ j i ı i q ñ ö ū ü h ş ş ch ts y e iu ia io . . h",
    "2018": "á ǵ j ı i ı q ń ó u ú h sh sh ch ts y e ıý ıa ıo . . h",
    "2017": "a' g' j i' i i' q n' o' u u' h s' s' c' ts y e i'y' i'a i'o . . h",
}
KAZAKH_ALPHABETS: Mapping[str, Mapping[str, str]] = {
    year: {cyrillic: latin for cyrillic, (latin,) in _SAME.items()}
    | dict(zip(_LETTERS, ("" if latin == "." else latin for latin in latins.split()), strict=True))
    | ({} if year == "2021" else {"у": "ý" if year == "2018" else "y'"})
    for year, latins in _OFFICIAL.items()
}
