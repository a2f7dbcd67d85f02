"""What browsers load: the page to ask on, the widget for other sites, the API's documentation. No foreign hosts."""

import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from assistant.contract import MESSAGE_LIMIT
from assistant.faults import accepted, known
from assistant.headers import NOTHING
from assistant.knowledge import LANGUAGES, Language
from assistant.phrases import Phrases, Placeholders
from assistant.settings import WEB, Settings, shipped

PAGE_WORDS, WIDGET_WORDS = "page.yaml", "widget.yaml"
PAGES = ("index.html", "embed.html")

# What widget.js says, and what it fills in.
SAID = (
    "name short title subtitle launcher unread close expand shrink new delete delete_sure deleted delete_failed"
    " language log label hint send stop stopped waiting hello starters notice reminder mark you sources"
    " source_open table next copy copied copy_failed good bad reason reason_send reason_skip thanks"
    " feedback_failed again offline disconnected down history_failed gone librarian librarian_help"
)
WIDGET: Placeholders = {
    **dict.fromkeys(SAID.split(), frozenset()),
    "count": frozenset({"count", "limit"}),
    "too_long": frozenset({"count"}),
    "sources_count": frozenset({"count"}),
    "retrying": frozenset({"count", "total"}),
}

# Swagger UI, with its licences, as this package keeps it current; of the package only the files are used.
SWAGGER = files("fastapi_standalone_docs") / "static" / "swagger"
SELF = f"{NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
PAGE = f"{SELF}; require-trusted-types-for 'script'; trusted-types 'none'"
# Swagger UI sets style attributes and builds HTML from text.
DOCS = f"{SELF}; style-src-attr 'unsafe-inline'"

HTML, CSS, JAVASCRIPT, SVG = "text/html", "text/css", "text/javascript", "image/svg+xml"
REVALIDATED = "no-cache"
LASTING = "public, max-age=31536000, immutable"
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.ASCII | re.IGNORECASE)  # not "gzip;q=0"
SMALLEST = 1000  # bytes that are worth compressing: less fits into one packet anyway


@dataclass(frozen=True)
class Asset:
    """One file as it is sent: plain and compressed, with the hash that names this version of it."""

    content: bytes
    zipped: bytes
    version: str
    media_type: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Asset":
        """The asset of a file's content."""
        return cls(content, gzip.compress(content, 9, mtime=0), sha256(content).hexdigest()[:32], media_type)


def add_pages(app: FastAPI, settings: Settings) -> None:
    """The routes of all pages, their files read once; raises KnowledgeError for wrong words."""
    widget = Asset.of(_widget(settings), JAVASCRIPT)
    assets = {
        "/widget.js": widget,
        "/page.js": _file("page.js", JAVASCRIPT),
        "/page.css": _file("page.css", CSS),
        "/favicon.svg": _file("favicon.svg", SVG),
        "/docs/docs.js": _file("docs.js", JAVASCRIPT),
        "/docs/swagger-ui.css": Asset.of((SWAGGER / "swagger-ui.css").read_bytes(), CSS),
        "/docs/swagger-ui-bundle.js": Asset.of((SWAGGER / "swagger-ui-bundle.js").read_bytes(), JAVASCRIPT),
    }
    for path, asset in assets.items():
        # Other sites embed the widget by a <script> element.
        shared = {"Cross-Origin-Resource-Policy": "cross-origin"} if asset is widget else {}
        _add(app, path, _always(asset), shared)
    _add(app, "/docs", _always(_file("docs.html", HTML)), {"Content-Security-Policy": DOCS})
    _add(app, "/", _spoken(_pages("index.html", assets)), {"Content-Security-Policy": PAGE})
    _add(app, "/embed", _spoken(_pages("embed.html", assets)), _framed(settings.allowed_origins))


def page_phrases() -> Placeholders:
    """The $names of the pages, but for those of files and languages; the phrases have no placeholders themselves."""
    names = {name for page in PAGES for name in Template((WEB / page).read_text(encoding="utf-8")).get_identifiers()}
    ours = re.compile(r"language|current_\w\w|\w+_(?:css|js|svg)")
    return {name: frozenset() for name in sorted(names) if not ours.fullmatch(name)}


def _file(name: str, media_type: str) -> Asset:
    return Asset.of((WEB / name).read_bytes(), media_type)


def _widget(settings: Settings) -> bytes:
    """The widget below one line with its words and settings: one request brings all, and one hash covers all."""
    phrases = Phrases.load(shipped("prompts"), WIDGET_WORDS, WIDGET)
    words = {language: phrases.templates(language) for language in LANGUAGES}
    served = {"words": words, "contact": settings.librarian_contact, "limit": MESSAGE_LIMIT}
    line = json.dumps(served, ensure_ascii=False, separators=(",", ":"))
    return f"const SERVED = {line};\n".encode() + (WEB / "widget.js").read_bytes()


def _pages(name: str, assets: Mapping[str, Asset]) -> dict[Language, Asset]:
    """A page in each language: its $words from prompts/, its files by addresses that name their version."""
    template = Template((WEB / name).read_text(encoding="utf-8"))
    phrases = Phrases.load(shipped("prompts"), PAGE_WORDS, page_phrases())
    versions = {path.lstrip("/").replace(".", "_"): f"{path}?v={asset.version}" for path, asset in assets.items()}
    pages = {}
    for language in LANGUAGES:
        words = {key: escape(text) for key, text in phrases.templates(language).items()}
        current = {f"current_{other}": str(other == language).lower() for other in LANGUAGES}
        text = template.substitute(words | versions | current | {"language": language})
        pages[language] = Asset.of(text.encode(), HTML)
    return pages


def _always(asset: Asset) -> Callable[[Request], Asset]:
    return lambda _: asset


def _spoken(pages: Mapping[Language, Asset]) -> Callable[[Request], Asset]:
    """The page in the language that its address asks for, else the browser."""

    def choose(request: Request) -> Asset:
        asked = known(request.query_params.get("language"))
        return pages[asked or accepted(request.headers.get("accept-language", ""))]

    return choose


def _framed(origins: tuple[str, ...]) -> dict[str, str]:
    """The headers of a page that this site and `origins` may show in a frame, and nobody else."""
    ancestors = " ".join(["'self'", *origins])
    return {"Content-Security-Policy": PAGE.replace("frame-ancestors 'none'", f"frame-ancestors {ancestors}")}


def _add(app: FastAPI, path: str, choose: Callable[[Request], Asset], headers: Mapping[str, str]) -> None:
    """A route that gives the asset that `choose` chooses, or 304 to a browser that has it."""

    async def page(request: Request) -> Response:
        asset = choose(request)
        zipped = len(asset.content) >= SMALLEST and bool(GZIP.search(request.headers.get("accept-encoding", "")))
        tag = f'"{asset.version}{"-gzip" if zipped else ""}"'
        lasting = request.query_params.get("v") == asset.version
        sent = {"ETag": tag, "Cache-Control": LASTING if lasting else REVALIDATED, **headers}
        sent["Vary"] = "Accept-Encoding, Accept-Language" if asset.media_type == HTML else "Accept-Encoding"
        if tag in _known_tags(request):
            return Response(status_code=304, headers=sent)
        if zipped:
            sent["Content-Encoding"] = "gzip"
        return Response(asset.zipped if zipped else asset.content, headers=sent, media_type=asset.media_type)

    app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)


def _known_tags(request: Request) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
