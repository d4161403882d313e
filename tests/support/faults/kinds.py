"""The kinds of fault: each is something that AWS, or a host in between, sends or fails to send."""

import gzip
import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.support.faults.server import Answer, Exchange, Fault


class Kind(NamedTuple):
    """A kind of fault."""

    fault: Fault

    is_bug: bool = False
    """True if only a bug of this service causes it, so that callers get 500."""

    is_retried: bool = True
    """False if another attempt would not help, or botocore makes none."""

    waits: bool = False
    """True if an attempt lasts as long as it may."""

    refuses_credentials: bool = False
    """True if the environment must end."""


def _send(answer: Answer) -> Fault:
    """Answer instead of AWS, which never gets the request."""
    return lambda exchange: exchange.send(answer)


def _instead(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Answer instead of AWS; the answer states its checksum."""
    return _send(Answer(status, dict(headers or {}), b"").with_body(body))


def _error(code: object, status: int = 400, **more: object) -> Fault:
    return _instead(status, json.dumps({"__type": code, "message": "a text", **more}).encode())


def _after(change: Callable[[Answer], Answer | bytes]) -> Fault:
    """Change the answer of AWS, which has carried the call out."""
    return lambda exchange: exchange.send(change(exchange.forward()))


def _cut(share: float) -> Fault:
    """Close the connection after a share of the answer."""

    def fault(exchange: Exchange) -> None:
        content = exchange.forward().bytes()
        exchange.send(content[: int(len(content) * share)])
        exchange.close()

    return fault


def _reset_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.reset()


def _silent_after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.wait()


def _dripping_header(exchange: Exchange) -> None:
    answer = exchange.forward()
    long = answer._replace(headers={"x-padding": "x" * 800, **answer.headers})
    exchange.drip(long.bytes(), size=8, seconds=0.1)


def _dripping_body(exchange: Exchange) -> None:
    answer = exchange.forward()
    content = answer.with_body(answer.body + b" " * 800).bytes()
    start = content.index(b"\r\n\r\n") + 4
    exchange.send(content[:start])
    exchange.drip(content[start:], size=8, seconds=0.1)


def _endless_header(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 OK\r\n")
    exchange.drip(b"x: y\r\n" * 400, size=6, seconds=0.05)


def _no_http(exchange: Exchange) -> None:
    exchange.send(b"\0\xff\r\n\r\n")
    exchange.close()


def _hurried_close(exchange: Exchange) -> None:
    # The client believes that the connection stays open.
    exchange.send(exchange.forward())
    exchange.close()


def _late(exchange: Exchange) -> None:
    time.sleep(0.05)
    exchange.send(exchange.forward())


def _of_another_item(answer: Answer) -> Answer:
    """Replace the key of the item."""
    parsed = json.loads(answer.body)
    for name in ("Item", "Attributes"):
        for attribute in parsed.get(name, {}):
            if attribute.endswith("_id"):
                parsed[name][attribute] = {"S": "another"}
    return answer.with_body(json.dumps(parsed).encode())


def _with_other_types(answer: Answer) -> Answer:
    parsed = dict.fromkeys(json.loads(answer.body), 5)
    return answer.with_body(json.dumps({**parsed, "ConsumedCapacity": 5}).encode())


def _without_its_members(answer: Answer) -> Answer:
    """Leave out the members without which an update or a query has no answer."""
    parsed = json.loads(answer.body)
    for name in ("Attributes", "Items"):
        parsed.pop(name, None)
    return answer.with_body(json.dumps(parsed).encode())


def _truncated(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


_REFUSAL = Answer(400, {}, b'{"__type":"x#ConditionalCheckFailedException"}')
_SUCCESS = Answer(200, {}, b"{}")
_HTML = b"<html><body>Bad gateway</body></html>"
_TRANSIENT = (
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "NotYetKnownException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
)
_DEAD = (
    "ExpiredTokenException",
    "InvalidSignatureException",
    "RequestExpired",
    "UnrecognizedClientException",
)
_REJECTED = ("AccessDeniedException", "ResourceNotFoundException", "ValidationException")

BEFORE: dict[str, Kind] = {
    "reset before the commit": Kind(Exchange.reset),
    "closed before the commit": Kind(Exchange.close),
    "silent before the commit": Kind(Exchange.wait, waits=True),
    "a header without end": Kind(_endless_header, waits=True),
    "no HTTP": Kind(_no_http),
    **{f"status {status}": Kind(_instead(status)) for status in (400, 408, 413, 429, 500, 503)},
    **{f"a page with {status}": Kind(_instead(status, _HTML)) for status in (403, 502, 504)},
    "a page with its checksum": Kind(_instead(200, _HTML), is_retried=False),
    "a page without checksum": Kind(_send(Answer(200, {}, _HTML))),
    **{
        f"a redirect with {status}": Kind(_instead(status, b"", {"Location": "http://127.0.0.1:9"}))
        for status in (301, 302, 307)
    },
    "204": Kind(_instead(204)),
    "a garbled 400": Kind(_instead(400, b'{"__type":"com.amazonaws#Condit')),
    "the request itself with 400": Kind(lambda exchange: _instead(400, exchange.body)(exchange)),
    "null with 400": Kind(_instead(400, b"null")),
    "a list with 400": Kind(_instead(400, b"[]")),
    "a number as the code": Kind(_error(5)),
    "a sentence as the code": Kind(_error("the body of an item")),
    **{code: Kind(_error(code)) for code in _TRANSIENT},
    **{code: Kind(_error(code), is_retried=False, refuses_credentials=True) for code in _DEAD},
    **{code: Kind(_error(code), is_retried=False, is_bug=True) for code in _REJECTED},
    "a bug with 500": Kind(_error("AccessDeniedException", 500)),
    "a refusal without checksum": Kind(_send(_REFUSAL)),
    "a refusal with a wrong checksum": Kind(_send(_REFUSAL.with_checksum("7"))),
    "a success without checksum": Kind(_send(_SUCCESS)),
    "a success with a wrong checksum": Kind(_send(_SUCCESS.with_checksum("7"))),
}
"""The faults that keep a call from AWS."""

AFTER: dict[str, Kind] = {
    "reset after the commit": Kind(_reset_after),
    "silent after the commit": Kind(_silent_after, waits=True),
    "a dripping header": Kind(_dripping_header, waits=True),
    "a dripping body": Kind(_dripping_body, waits=True),
    **{f"cut after {share:.0%}": Kind(_cut(share)) for share in (0.02, 0.5, 0.99)},
    "closed after the answer": Kind(_hurried_close),
    "a late answer": Kind(_late),
    "a second answer behind the first": Kind(_after(lambda a: a.bytes() + a.bytes())),
    "100 before the answer": Kind(_after(lambda a: b"HTTP/1.1 100 Continue\r\n\r\n" + a.bytes())),
    "a wrong checksum": Kind(_after(lambda a: a.with_checksum("7"))),
    "no checksum": Kind(_after(lambda a: a.with_checksum(None))),
    "a word as the checksum": Kind(_after(lambda a: a.with_checksum("none"))),
    "truncated": Kind(_after(lambda a: a.with_body(_truncated(a), checksum=False))),
    "truncated, with its checksum": Kind(
        _after(lambda a: a.with_body(_truncated(a))), is_retried=False
    ),
    "empty": Kind(_after(lambda a: a.with_body(b"", checksum=False))),
    "empty, with its checksum": Kind(_after(lambda a: a.with_body(b"")), is_retried=False),
    "null": Kind(_after(lambda a: a.with_body(b"null")), is_retried=False),
    "a list": Kind(_after(lambda a: a.with_body(b"[]")), is_retried=False),
    "a text": Kind(_after(lambda a: a.with_body(b'"Item"')), is_retried=False),
    "deeply nested": Kind(_after(lambda a: a.with_body(b"[" * 100_000)), is_retried=False),
    "no UTF-8": Kind(_after(lambda a: a.with_body(b'{"Item": "\xff"}')), is_retried=False),
    "values of other types": Kind(_after(_with_other_types), is_retried=False),
    "half the members": Kind(_after(_without_its_members), is_retried=False),
    "another item": Kind(_after(_of_another_item), is_retried=False),
    "another item with a wrong checksum": Kind(
        _after(lambda a: _of_another_item(a).with_checksum("7"))
    ),
    "compressed": Kind(_after(lambda a: a.with_body(gzip.compress(a.body))), is_retried=False),
    "said to be compressed": Kind(
        _after(lambda a: a._replace(headers={**a.headers, "Content-Encoding": "gzip"}))
    ),
    "status 201": Kind(_after(lambda a: a._replace(status=201))),
}
"""The faults of the answer to a call that AWS has carried out."""

KINDS = {**BEFORE, **AFTER}
