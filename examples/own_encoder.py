"""Vectors of a service: texts go to an embeddings API, the built-in head learns on its vectors.

Many servers speak this protocol (``POST /v1/embeddings``: OpenAI, vLLM, llama.cpp,
text-embeddings-inference)::

    [model]
    encoder = "own_encoder.py:embeddings"
    encoder_params = { url = "http://127.0.0.1:8080/v1/embeddings", model = "all-minilm" }

Bridge keeps the vector of every text, once there is a model; before, 2,000 texts are asked for to
choose a batch among them. A model in this process needs no file at all, such as one of
sentence-transformers::

    [model]
    encoder = "sentence_transformers:SentenceTransformer"
    encoder_params = { model_name_or_path = "all-MiniLM-L6-v2" }
"""

from __future__ import annotations

import os
from collections.abc import Callable

import requests
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

__all__ = ["embeddings"]

TEXTS_A_CALL = 64
SECONDS = 60


def embeddings(url: str, model: str) -> Callable[[list[str]], list[list[float]]]:
    """Return a function that has texts encoded; EMBEDDINGS_API_KEY is the key, if one is needed."""
    session = requests.Session()
    key = os.environ.get("EMBEDDINGS_API_KEY")
    if key:
        session.headers["Authorization"] = f"Bearer {key}"

    @retry(
        retry=retry_if_exception_type(requests.RequestException),
        wait=wait_exponential(max=30),
        stop=stop_after_attempt(5),
        reraise=True,
    )
    def asked(texts: list[str]) -> list[list[float]]:
        answer = session.post(url, json={"model": model, "input": texts}, timeout=SECONDS)
        answer.raise_for_status()
        rows = sorted(answer.json()["data"], key=lambda row: row["index"])
        return [row["embedding"] for row in rows]

    def encode(texts: list[str]) -> list[list[float]]:
        parts = (texts[at : at + TEXTS_A_CALL] for at in range(0, len(texts), TEXTS_A_CALL))
        return [vector for part in parts for vector in asked(part)]

    return encode
