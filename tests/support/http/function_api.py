"""Calls of the functions in this process, with the events that API Gateway sends."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from tests.support.function_environment import VARIABLES

os.environ.update(VARIABLES)

from common.aws import clients
from common.crud import configuration
from common.crud.entity import Entity
from common.dynamodb import cursors
from common.entities import ENTITIES
from common.handler import Handler, lambda_handler
from functions.create import handler as create
from functions.delete import handler as delete
from functions.read import handler as read
from functions.update import handler as update
from local.lambda_runtime.gateway_event import gateway_event
from tests.support.http.openapi_conformance import assert_documented
from tests.support.http.response import HttpResponse

HANDLERS: Mapping[str, Handler] = {
    "POST": create.handler,
    "GET": read.handler,
    "PUT": update.handler,
    "PATCH": update.handler,
    "DELETE": delete.handler,
}
"""The handler that answers each method."""


@dataclass(frozen=True)
class Context:
    """A Lambda context, with the members that the functions use."""

    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """The id of the invocation."""

    remaining_ms: int = 25_000
    """Milliseconds until the function's timeout."""

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@dataclass
class Api:
    """Calls the functions as API Gateway does."""

    api_key_id: str = "key-1"
    """The id of the caller's API key."""

    subject: str | None = None
    """The subject of the caller's access token; None without a token."""

    signer: str | None = None
    """The ARN of the role or user that signs the requests; None for unsigned requests."""

    remaining_ms: int = 25_000
    """Milliseconds until the function's timeout."""

    entity: Entity | None = None
    """An entity that the service does not have, to call the functions with; None for its own."""

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str | list[str]] | None = None,
        query: Mapping[str, str] | None = None,
        request_id: str | None = None,
        invocation_id: str | None = None,
    ) -> HttpResponse:
        """Send a request to the function that answers its method."""
        event = gateway_event(
            method,
            path,
            body,
            headers=headers,
            query=query,
            request_id=request_id,
            api_key_id=self.api_key_id,
            subject=self.subject,
            signer=self.signer,
            entities=[self.entity] if self.entity else ENTITIES,
        )
        return self.send(method, event, invocation_id)

    def send(
        self, method: str, event: dict[str, Any], invocation_id: str | None = None
    ) -> HttpResponse:
        """Send an event to the function that answers a method."""
        context = Context(invocation_id or str(uuid.uuid4()), remaining_ms=self.remaining_ms)
        handlers = _handlers_of(self.entity) if self.entity else HANDLERS
        result = handlers[method](event, context)
        response = HttpResponse(result["statusCode"], result["headers"], result["body"])
        assert_documented(method, event.get("resource", ""), response)
        return response


def forget_parameters() -> None:
    """Drop the parameters that the layer has read, which are wrong for another AWS."""
    configuration._parameter.cache_clear()
    cursors._parameter.cache_clear()


def forget_clients() -> None:
    """Drop the layer's clients, so that the next ones take endpoint and credentials anew."""
    clients._client.cache_clear()
    clients._session.cache_clear()


@cache
def _handlers_of(entity: Entity) -> Mapping[str, Handler]:
    collection, item = entity.path, entity.item_path
    return {
        "POST": lambda_handler({f"POST {collection}": partial(create.create, entity)}),
        "GET": lambda_handler(
            {
                f"GET {collection}": partial(read.read_many, entity),
                f"GET {item}": partial(read.read_one, entity),
            }
        ),
        "PUT": lambda_handler({f"PUT {item}": partial(update.replace, entity)}),
        "PATCH": lambda_handler({f"PATCH {item}": partial(update.patch, entity)}),
        "DELETE": lambda_handler({f"DELETE {item}": partial(delete.delete, entity)}),
    }
