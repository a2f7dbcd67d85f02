"""Every error Shyraq raises on purpose, by who must act on it.

    ShyraqError
    ├── SettingsError        the operator: a setting is missing or wrong
    ├── KnowledgeError       the librarian: a file in knowledge/ or prompts/ needs a correction
    ├── ModelError           the operator: the embedding model cannot be built or opened
    ├── IndexUnavailable     the operator: no index, or it is damaged (run `shyraq ingest`)
    ├── StoreError           the operator: the database cannot be read or written
    ├── LLMFault             nobody: the built-in writer answers in the language model's place
    ├── CoreAway             nobody: a channel asks the core again, and tells the patron meanwhile
    ├── CoreRefused          the patron: the core cannot serve what a channel sent; the message is the core's own
    └── RequestError         the patron: the request cannot be served as sent
        └── NotFound         the patron: no such conversation or message

Foreign exceptions (Chroma, onnxruntime, SQLAlchemy, LangChain, YAML) are translated where they enter, and nowhere else.
"""


class ShyraqError(Exception):
    """Something went wrong that a person can act on; the message says what to do."""


class SettingsError(ShyraqError):
    """A setting is missing or wrong."""


class KnowledgeError(ShyraqError):
    """Files in knowledge/ or prompts/ need a correction; one line a problem, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ModelError(ShyraqError):
    """The embedding model cannot be built or opened."""


class IndexUnavailable(ShyraqError):
    """There is no index, or it is damaged."""


class StoreError(ShyraqError):
    """The database cannot be read or written."""


class CoreAway(ShyraqError):
    """The core cannot be reached, or cannot answer now; `retry_after` is the seconds it asked for, if any."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class CoreRefused(ShyraqError):
    """The core cannot serve what a channel sent it: `code` as in its reply, the message for the patron."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class RequestError(ShyraqError):
    """A request that cannot be served as sent: `code` names the phrase in prompts/, `status` the HTTP status."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class NotFound(RequestError):
    """No such conversation or message."""

    def __init__(self) -> None:
        super().__init__("not_found", 404)


class LLMFault(ShyraqError):
    """The language model did not do its part: `reason` is one word for logs and counts, `rest` its Retry-After."""

    def __init__(self, reason: str, rest: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.rest = reason, rest
