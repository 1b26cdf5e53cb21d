"""`POST /v1/sentiment` and `/v1/sentiment/batch`: score one text, or up to 25."""

from typing import TYPE_CHECKING

import orjson
from fastapi import Request
from starlette.responses import Response

from serving.api.intake import Upload, accepted
from serving.api.once import once
from serving.api.problems import ProblemError
from serving.api.resource import resource
from serving.api.schemas import (
    MAX_SYNC_BYTES,
    BatchIn,
    BatchOut,
    JobAccepted,
    SentimentIn,
    SentimentOut,
)
from serving.api.services import caller_of, services_of
from tenancy.api_keys import Scope

if TYPE_CHECKING:  # loading models takes seconds
    from serving.text_scorer import Outcome, Scored, Text

router = resource(Scope.SENTIMENT_WRITE, tags=["sentiment"])


@router.post(
    "/v1/sentiment",
    response_model=SentimentOut,
    responses={202: {"model": JobAccepted, "description": "A job was made"}},
)
async def sentiment(request: Request, body: SentimentIn) -> Response:
    """Score one text, in the answer (SYNC, at most 5,000 bytes) or by a job (ASYNC)."""
    if body.mode == "ASYNC":
        return await _job(request, body)
    _check_size(body.text)
    (outcome,) = await _outcomes(request, [_text(body.text, body.language, body.sanitise)])
    if isinstance(outcome, str):  # the reason why it has no sentiment
        raise ProblemError(422, outcome.value, "The text cannot be scored")
    return _json(_told(outcome))


async def _job(request: Request, body: SentimentIn) -> Response:
    row = orjson.dumps({"text": body.text, "language": body.language})
    upload = Upload(
        services_of(request), caller_of(request).tenant, "jsonl", sanitise=body.sanitise
    )
    async with upload:
        await upload.write(row)

        async def make() -> Response:
            return accepted(await upload.make())

        return await once(request, upload.fingerprint, make)


@router.post("/v1/sentiment/batch", response_model=BatchOut)
async def batch(request: Request, body: BatchIn) -> Response:
    """Score up to 25 texts. Each has a result or an error."""
    texts = [_text(each.text, each.language, body.sanitise) for each in body.documents]
    for each in body.documents:
        _check_size(each.text)
    results = []
    errors = []
    for each, outcome in zip(body.documents, await _outcomes(request, texts), strict=True):
        if isinstance(outcome, str):
            errors.append({"id": each.id, "code": outcome.value})
        else:
            results.append({"id": each.id, **_told(outcome)})
    return _json({"results": results, "errors": errors})


def _text(text: str, language: str | None, sanitise: bool) -> "Text":
    from serving.text_scorer import Text  # noqa: PLC0415  # see above

    return Text(text, language, sanitise)


async def _outcomes(request: Request, texts: "list[Text]") -> "list[Outcome]":
    services = services_of(request)
    outcomes = await services.scoring.score(texts)
    services.metrics.texts.inc(len(texts))
    services.usage.add(caller_of(request).tenant, "texts", len(texts))
    return outcomes


def _check_size(text: str) -> None:
    if len(text) > MAX_SYNC_BYTES or len(text.encode()) > MAX_SYNC_BYTES:
        raise ProblemError(
            413,
            "too_large",
            f"A text has at most {MAX_SYNC_BYTES:,} bytes here: use mode ASYNC, or send a job",
        )


def _told(scored: "Scored") -> dict[str, object]:
    return scored.sentiment | {"language": scored.language, "pii": scored.pii}


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
