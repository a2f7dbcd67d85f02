"""What browsers load: the page with the widget, the widget itself, the API's documentation. No foreign hosts."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from assistant.headers import NOTHING
from assistant.settings import WEB

# Swagger UI, with its licences, as this package keeps it current; of the package only the files are used.
SWAGGER = files("fastapi_standalone_docs") / "static" / "swagger"
SELF = f"{NOTHING}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
PAGE = {"Content-Security-Policy": f"{SELF}; require-trusted-types-for 'script'; trusted-types 'none'"}
# Swagger UI sets style attributes and builds HTML from text.
DOCS = {"Content-Security-Policy": f"{SELF}; style-src-attr 'unsafe-inline'"}
# Other sites embed the widget by a <script> element.
EMBEDDED = {"Cross-Origin-Resource-Policy": "cross-origin"}

HTML, CSS, JAVASCRIPT, SVG = "text/html", "text/css", "text/javascript", "image/svg+xml"


def add_pages(app: FastAPI) -> None:
    """The routes of all pages, their files read once."""
    for path, content, media_type, headers in (
        ("/", (WEB / "index.html").read_bytes(), HTML, PAGE),
        ("/page.css", (WEB / "page.css").read_bytes(), CSS, {}),
        ("/favicon.svg", (WEB / "favicon.svg").read_bytes(), SVG, {}),
        ("/widget.js", (WEB / "widget.js").read_bytes(), JAVASCRIPT, EMBEDDED),
        ("/docs", (WEB / "docs.html").read_bytes(), HTML, DOCS),
        ("/docs/docs.js", (WEB / "docs.js").read_bytes(), JAVASCRIPT, {}),
        ("/docs/swagger-ui.css", (SWAGGER / "swagger-ui.css").read_bytes(), CSS, {}),
        ("/docs/swagger-ui-bundle.js", (SWAGGER / "swagger-ui-bundle.js").read_bytes(), JAVASCRIPT, {}),
    ):
        page = _page(content, media_type, headers)
        app.add_api_route(path, page, methods=["GET", "HEAD"], include_in_schema=False)


def _page(content: bytes, media_type: str, headers: dict[str, str]) -> Callable[[Request], Awaitable[Response]]:
    """A route that gives `content`, or 304 to a browser that has it."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", **headers}

    async def page(request: Request) -> Response:
        known = [name.strip().removeprefix("W/") for name in request.headers.get("if-none-match", "").split(",")]
        if tag in known:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return page
