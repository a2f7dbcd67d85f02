"""The pages as they are sent: their language, their size, how long they are kept, and who may frame them."""

import gzip
import json
import re

import httpx
import pytest

from assistant.knowledge import LANGUAGES
from assistant.phrases import Phrases
from assistant.settings import WEB, shipped
from tests.conftest import Serve

BUDGET = 20_000  # bytes of widget.js on the wire, words included
SCRIPT = (WEB / "widget.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/", "kk-KZ,ru;q=0.8", "kk"),
        ("/", "de, ru;q=0.5, en;q=0.4", "ru"),
        ("/?language=ru", "kk", "ru"),
        ("/embed?language=kk", "en", "kk"),
        ("/?language=xx", "en", "en"),
    ],
)
def test_a_page_comes_in_the_language_asked_for(client: httpx.Client, path: str, accepted: str, language: str) -> None:
    response = client.get(path, headers={"Accept-Language": accepted})
    assert f'<html lang="{language}"' in response.text
    assert "$" not in response.text
    assert {"Accept-Language", "Accept-Encoding", "Origin"} <= set(response.headers["vary"].split(", "))


def test_the_three_pages_say_the_same_things(client: httpx.Client) -> None:
    pages = [client.get(f"/?language={language}").text for language in LANGUAGES]
    shapes = {tuple(re.findall(r"<(?!html|a )[a-z0-9]+", page)) for page in pages}
    assert len(shapes) == 1 and len(set(pages)) == 3
    assert all(page.count('aria-current="true"') == 1 for page in pages)


def test_the_widget_is_within_its_budget(client: httpx.Client) -> None:
    with client.stream("GET", "/widget.js", headers={"Accept-Encoding": "gzip"}) as response:
        sent = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert len(sent) == int(response.headers["content-length"]) <= BUDGET
    assert gzip.decompress(sent).decode().endswith(SCRIPT)


@pytest.mark.parametrize("refused", ["identity", "gzip;q=0", "br, gzip; q=0.0"])
def test_who_cannot_read_gzip_gets_none(client: httpx.Client, refused: str) -> None:
    response = client.get("/widget.js", headers={"Accept-Encoding": refused})
    assert "content-encoding" not in response.headers and response.text.endswith(SCRIPT)


def test_the_version_in_an_address_makes_it_last(client: httpx.Client) -> None:
    page = client.get("/").text
    addresses = re.findall(r'(?:href|src)="(/[\w.]+\?v=\w+)"', page)
    assert {address.split("?")[0] for address in addresses} == {"/widget.js", "/page.js", "/page.css", "/favicon.svg"}
    for address in addresses:
        assert client.get(address).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/widget.js").headers["cache-control"] == "no-cache"
    assert client.get("/widget.js?v=older").headers["cache-control"] == "no-cache"


def test_another_contact_is_another_version(serve: Serve) -> None:
    def version(**given: object) -> str:
        with serve(**given) as client:
            return client.get("/widget.js").headers["etag"]

    assert version() == version() != version(librarian_contact="library@kitap.example")


def test_the_widget_is_for_allowed_sites_only(client: httpx.Client) -> None:
    allowed = client.get("/widget.js", headers={"Origin": "https://kitap.example"})
    assert allowed.headers["access-control-allow-origin"] == "https://kitap.example"
    other = client.get("/widget.js", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


def ancestors(response: httpx.Response) -> str:
    return response.headers["content-security-policy"].partition("frame-ancestors ")[2].partition(";")[0]


def test_only_allowed_sites_may_frame_the_embedded_page(client: httpx.Client, serve: Serve) -> None:
    embedded = client.get("/embed")
    assert ancestors(embedded) == "'self' https://kitap.example"
    assert "x-frame-options" not in embedded.headers
    assert ancestors(client.get("/")) == "'none'" and client.get("/").headers["x-frame-options"] == "DENY"
    with serve() as alone:
        assert ancestors(alone.get("/embed")) == "'self'"


def test_the_words_are_what_librarians_wrote(client: httpx.Client) -> None:
    line = client.get("/widget.js").text.split("\n")[0]
    served = json.loads(line.removeprefix("const SERVED = ").removesuffix(";"))
    phrases = Phrases.load(shipped("prompts"), "widget.yaml")
    assert served["words"] == {language: phrases.templates(language) for language in LANGUAGES}
    assert (served["contact"], served["limit"]) == (None, 2000)


def test_every_word_that_the_widget_says_exists_and_is_said() -> None:
    """Keys stand in quotes beside the methods that say them."""
    keys = set(Phrases.load(shipped("prompts"), "widget.yaml"))
    methods = r'(?:#say|#tell|#iconButton|#button|#askFirst|rate)\((?:\w+ \? )?"(\w+)"'
    found = set(re.findall(rf'{methods}|#worded\("\w+", "\w+"|"data-name": "\w+"', SCRIPT)) - {""}
    found |= set(re.findall(r'(?:#worded\("\w+", |"data-name": )"(\w+)"', SCRIPT))
    assert found - keys == set()
    assert [key for key in keys if f'"{key}"' not in SCRIPT and f".{key})" not in SCRIPT] == []


def test_every_word_of_the_pages_is_shown() -> None:
    keys = set(Phrases.load(shipped("prompts"), "page.yaml"))
    html = "".join((WEB / name).read_text(encoding="utf-8") for name in ("index.html", "embed.html"))
    assert keys == {key for key in keys if f"${key}" in html}


def test_attributes_that_the_readme_names_are_those_there_are() -> None:
    readme = (WEB / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `data-(\w+)`", readme, re.MULTILINE))
    used = set(re.findall(r'(?:get|has)Attribute\("(\w+)"\)', SCRIPT)) | set(
        re.findall(r":host\(?[^{]*?\[(\w+)=", SCRIPT)
    )
    assert named == used - {"launcher", "part"}
