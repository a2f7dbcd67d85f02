"""An ASGI layer: headers that keep browsers from doing what nobody meant (OWASP Secure Headers Project)."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# What a route sets by itself stays as it is.
SECURE = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, X-Request-ID",
    "Access-Control-Max-Age": "600",
}
# Clients of the OpenAI API send a key, whether or not one is asked for, and a dozen names of their own (X-Stainless-…,
# OpenAI-Organization). The asterisk stands for all of these, as there are no cookies, but never for Authorization.
KEYED = {**PREFLIGHT, "Access-Control-Allow-Headers": "Authorization, *"}


class BrowserHeaders:
    """Wraps an app: security headers on every reply, and CORS for exactly the `allowed` origins (none by default).

    Credentials stay off: there are no cookies. Our own layer, since Starlette's answers a refused preflight with
    plain text and leaves out `Vary: Origin` where the origin is not allowed.
    """

    def __init__(self, app: ASGIApp, allowed: frozenset[str]) -> None:
        self._app, self._allowed = app, allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        asked = Headers(scope=scope)
        origin = asked.get("origin") if asked.get("origin") in self._allowed else None

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(MutableHeaders(scope=message), origin)
            await send(message)

        preflight = scope["method"] == "OPTIONS" and "access-control-request-method" in asked
        if origin and preflight:
            allowed = KEYED if scope["path"].startswith("/v1/") else PREFLIGHT
            return await Response(status_code=204, headers=allowed)(scope, receive, answer)
        await self._app(scope, receive, answer)


def _add(headers: MutableHeaders, origin: str | None) -> None:
    for name, value in SECURE.items():
        headers.setdefault(name, value)
    if "frame-ancestors 'none'" not in headers["Content-Security-Policy"]:
        del headers["X-Frame-Options"]  # which cannot name the sites that may frame a page
    headers.add_vary_header("Origin")
    if origin:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "X-Request-ID, Retry-After, X-AI-Generated"
