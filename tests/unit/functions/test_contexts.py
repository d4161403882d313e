"""Nothing keeps an invocation's context once its handler has returned.

The extension learns from the context's end that the response was posted. Until then, Lambda hands
out no other request to the environment.
"""

import gc
import logging
import time
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from common.logs.logger import logger
from local.lambda_runtime.gateway_event import gateway_event
from tests.support.entities import ENTITY, EXAMPLES, first_change
from tests.support.http.sdk_answers import answers
from tests.unit.conftest import HANDLERS, Context

PATH = f"{ENTITY.path}/00000000-0000-4000-8000-000000000000"
BODIES = {"POST": EXAMPLES.least, "PATCH": first_change().body}
REQUESTS = [("GET", ENTITY.path), ("GET", PATH), ("POST", ENTITY.path), ("PATCH", PATH)]


@pytest.mark.parametrize(
    "failing",
    [
        nullcontext,
        lambda: answers("dynamodb", 400, b'{"__type": "a#AccessDeniedException"}'),
        lambda: answers("dynamodb", 400, b'{"__type": "a#ThrottlingException"}'),
        lambda: answers("dynamodb", 500, b"<html>"),
        lambda: answers("dynamodb", 200, b'["not an object"]'),
        lambda: answers("dynamodb", 200, b"{}"),
    ],
    ids=["works", "denied", "throttled", "broken", "useless", "empty"],
)
@pytest.mark.parametrize(("method", "path"), [*REQUESTS, ("DELETE", PATH)])
def test_a_context_ends_with_its_invocation_however_dynamodb_answers(
    method: str,
    path: str,
    failing: Callable[[], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    # pytest's own handlers keep all records, with their exceptions.
    log = logging.getLogger(logger.name)
    ours = [each for each in log.handlers if not type(each).__module__.startswith("_pytest")]
    monkeypatch.setattr(log, "handlers", ours)
    event = gateway_event(method, path, BODIES.get(method))
    HANDLERS[method](event, Context())
    gc.collect()
    gc.disable()
    try:
        context = Context()
        ended = weakref.ref(context)
        with failing():
            HANDLERS[method](event, context)
        del context
        assert ended() is None
    finally:
        gc.enable()
