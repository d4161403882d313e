"""The invocations of the functions for the requests of a history."""

from datetime import UTC, datetime, timedelta

from local.lambda_runtime.gateway_event import gateway_event
from tests.support.entities import ENTITY
from tests.support.histories.function_process import Invocation
from tests.support.histories.item_model import Request

API_KEY_ID = "key-1"
"""The identity of all callers."""

_START = datetime(2026, 1, 31, tzinfo=UTC)


def time_of(number: int) -> datetime:
    """Return the time of a request, which no other request of the history has.

    So an item shows which request has changed it.
    """
    return _START + timedelta(seconds=number)


def invocation_of(request: Request, key: str, *, history: str, number: int) -> Invocation:
    """Return the invocation for a request.

    Args:
        request: The request.
        key: The idempotency key of the request's item.
        history: The name of the history.
        number: The number of the request in its history.
    """
    path, headers = f"{ENTITY.path}/{request.item_id}", request.headers
    if request.method == "POST":
        path, headers = ENTITY.path, {"Idempotency-Key": key}
    event = gateway_event(
        request.method,
        path,
        request.body,
        headers=headers,
        request_id=f"request-{number}",
        api_key_id=API_KEY_ID,
    )
    return Invocation(request.method, event, f"{history}-{number}", time_of(number))
