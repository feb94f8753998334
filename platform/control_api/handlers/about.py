"""What the API says of itself, to everybody."""

from __future__ import annotations

import os

import contract
from answers import Answer, Request, answer


def health(_request: Request) -> Answer:
    """GET /health → 200."""
    return answer(200, {"status": "ok", "stage": os.environ["STAGE"]})


def openapi(_request: Request) -> Answer:
    """GET /openapi.json → 200: the contract as OpenAPI 3.1."""
    return answer(200, contract.document(os.environ["STAGE"]))
