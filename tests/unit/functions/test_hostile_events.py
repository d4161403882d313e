"""Thousands of malformed and hostile events for each handler.

Every event gets a well-formed response that reveals no internals.
"""

import base64
import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from common.aws.clients import client
from common.contract import JSON, MERGE_PATCH, PROBLEM
from common.crud.entity import Item
from infra.spec.service import SERVICE_NAME
from tests.support.entities import ENTITY, EXAMPLES, INITIAL, REACHABLE, create_with, replacement
from tests.support.http.uri_reference import is_absolute_path
from tests.support.logs.request_ids import UNUSABLE, USABLE
from tests.unit.conftest import HANDLERS, Api, Context

EVENTS = 10_000 if settings.get_current_profile_name() == "fuzz" else 500
"""The number of events that each handler gets, at least."""
METHODS = {"create": ["POST"], "read": ["GET"], "update": ["PUT", "PATCH"], "delete": ["DELETE"]}
RULES = EXAMPLES.broken_rules
BODIES: dict[str, list[Item]] = {
    "POST": [*EXAMPLES.creates.values(), *(r.body for r in RULES if r.kind == "create")],
    "PUT": [replacement(EXAMPLES.least, change) for change in EXAMPLES.changes],
    "PATCH": [
        *(change.body for change in EXAMPLES.changes),
        *(r.body for r in RULES if r.kind == "change"),
    ],
}
"""Valid bodies, and bodies that break a rule."""
FIELDS = [
    *dict.fromkeys(
        [*ENTITY.schema.fields_of("create"), *ENTITY.schema.fields_of("change"), "unknown"]
    )
]
FILTER_VALUES = [EXAMPLES.least[name] for name in ENTITY.filters]
UNKNOWN = str(uuid.UUID(int=4, version=4))
INTERNALS = (
    *("arn:aws", "Traceback", 'File \\"', ".py", "Error", "Exception", "botocore", "boto3"),
    *("dynamodb", "amazonaws", f"/{SERVICE_NAME}/", "archive", "fingerprint", "status_shard"),
)
"""Texts that would reveal internals."""

_ARCHIVE_KEY = re.compile(
    r"/logs/function=\w+/date=[\d-]{10}/hour=\d\d/[\dT]{21}Z-[\da-f-]{36}\.jsonl\.gz"
)
"""The key of an archived object, after the bucket's name; its last part is Lambda's id."""

Event = dict[str, Any]

wrong_values: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1.5, "", "x", [], ["x"], [[]], {}, {"x": None}, {"x": {"y": [1]}}]
)
texts = st.one_of(
    st.sampled_from(
        [
            *("", " ", "*", '"', "'", "\0", "\r\n", "\r\nSet-Cookie: a=b", "\ud800", "é", "💥"),
            *("null", "true", "-1", "0", "1e999", "NaN", "%00", "%", "../..", "$context.path"),
            *("${jndi:ldap://x}", "<script>", "' OR 1=1 --", "{{7*7}}", "\u202e", "\x7f"),
            *("a" * 300, "a" * 9_000, "9" * 5_000, "," * 2_000, '"' * 999, '"1",' * 40),
        ]
    ),
    st.text(max_size=8),
)
item_ids = st.one_of(
    texts, st.sampled_from([UNKNOWN.upper(), f"{{{UNKNOWN}}}", "1" * 32, f"urn:uuid:{UNKNOWN}"])
)
path_parameters = st.fixed_dictionaries({ENTITY.id_field: item_ids})
header_names = st.sampled_from(
    [
        *("If-Match", "if-match", "If-None-Match", "Idempotency-Key", "Content-Type", "Origin"),
        *("X-Any", "\0", "Content-Encoding", "Content-Range"),
    ]
)
header_values = st.one_of(
    texts, wrong_values, st.sampled_from(["*", '"1"', 'W/"1"', '"1", "2"', "text/plain", JSON])
)
header_sets = st.dictionaries(header_names, header_values, min_size=1, max_size=4)
repeated_headers = st.dictionaries(
    header_names,
    st.one_of(wrong_values, st.lists(header_values, max_size=3)),
    min_size=1,
    max_size=4,
)
queries = st.dictionaries(
    st.sampled_from(["status", *ENTITY.filters, "limit", "cursor", "Limit", "\0"]),
    st.one_of(texts, wrong_values, st.sampled_from([INITIAL, "1", "3", *FILTER_VALUES])),
    min_size=1,
    max_size=4,
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        # Any of these members may be missing. Callers choose only the id.
        "requestId": st.one_of(st.sampled_from([*USABLE, *UNUSABLE]), texts, wrong_values),
        "path": st.one_of(wrong_values, texts),
        "identity": st.one_of(
            wrong_values,
            st.fixed_dictionaries({"apiKeyId": st.one_of(wrong_values, texts)}),
            st.fixed_dictionaries({"userArn": st.one_of(wrong_values, texts)}),
        ),
        "authorizer": st.one_of(
            wrong_values,
            st.fixed_dictionaries({"claims": wrong_values}),
            st.fixed_dictionaries({"claims": st.fixed_dictionaries({"sub": wrong_values})}),
        ),
    },
)
monstrous_bodies = st.sampled_from(
    [
        "[" * 100_000,
        *(
            monster.replace("x", field)
            for field in FIELDS
            for monster in (
                '{"x":' * 70 + "1" + "}" * 70,
                '{"x": "a", "x": 1e400}',
                '{"x": {"a": ' + "9" * 5_000 + "}}",
                '{"x": NaN}',
                '{"x": {"a": 1e-99999999999999999999, "b": -0}}',
                '{"x": {"a": "\\ud800"}}',
            )
        ),
        *(
            json.dumps({**EXAMPLES.fullest, field: {"a": text}})
            for field in FIELDS
            for text in ("é" * 3_000, "y" * 40_000)
        ),
        "\ufeff{}",
        "\0",
    ]
)


def bodies(method: str) -> st.SearchStrategy[Any]:
    """Generate valid bodies with changed fields, bodies that are not JSON, and monstrous ones."""
    valid = st.sampled_from(BODIES.get(method) or [{}])
    names = st.one_of(st.sampled_from(FIELDS), texts)
    changes = st.dictionaries(names, st.one_of(wrong_values, texts), min_size=1, max_size=3)
    documents = st.one_of(
        st.builds(lambda body, change: json.dumps({**body, **change}), valid, changes),
        valid.map(json.dumps),
        st.one_of(wrong_values, texts).map(json.dumps),
    )
    return st.one_of(documents, documents, monstrous_bodies, texts, wrong_values)


def in_base64(body: str) -> list[str]:
    """Return the body in base64: valid, truncated, not UTF-8, and not encoded."""
    raw = body.encode(errors="surrogatepass")
    encoded = base64.b64encode(raw).decode()
    return [encoded, encoded[:-1], base64.b64encode(b"\xff" + raw).decode(), body]


def valid_event(method: str, item_id: str) -> Event:
    """Return the event of a valid request."""
    listing = method == "GET" and item_id == ""
    return {
        "httpMethod": method,
        "resource": ENTITY.path if method == "POST" or listing else ENTITY.item_path,
        "path": ENTITY.path,
        "pathParameters": {ENTITY.id_field: item_id},
        "queryStringParameters": {"limit": "1"},
        "headers": {"Content-Type": MERGE_PATCH if method == "PATCH" else JSON},
        "body": json.dumps(next(iter(BODIES[method]), {})) if method in BODIES else None,
        "isBase64Encoded": False,
        "requestContext": {"requestId": str(uuid.uuid4()), "identity": {"apiKeyId": "key-1"}},
    }


def events(method: str, item_id: str) -> st.SearchStrategy[list[Event]]:
    """Generate events with one hostile part each, and one event with all of these parts.

    One hostile part can hide another: a function that refuses the body never reads If-Match.
    """
    parts = {
        "httpMethod": st.one_of(wrong_values, texts),
        "resource": st.one_of(wrong_values, texts),
        "pathParameters": st.one_of(wrong_values, path_parameters),
        "queryStringParameters": st.one_of(wrong_values, queries, queries, queries),
        "headers": st.one_of(wrong_values, header_sets, header_sets, header_sets),
        "multiValueHeaders": st.one_of(wrong_values, repeated_headers, repeated_headers),
        "body": bodies(method),
        "isBase64Encoded": wrong_values,
        "requestContext": st.one_of(wrong_values, contexts, contexts, contexts),
    }
    return st.builds(
        lambda item_id, hostile, missing: list(
            _variants(valid_event(method, item_id), hostile, missing)
        ),
        # The last two cause no call of AWS: an id that no item can have, and no id.
        st.sampled_from([item_id, UNKNOWN, "x", ""]),
        st.fixed_dictionaries(parts),
        st.sampled_from([*parts]),
    )


def _variants(event: Event, hostile: Mapping[str, Any], missing: str) -> Iterator[Event]:
    for name, value in hostile.items():
        yield {**event, name: value}
    if isinstance(hostile["body"], str):
        for body in in_base64(hostile["body"]):
            yield {**event, "body": body, "isBase64Encoded": True}
    yield {name: value for name, value in event.items() if name != missing}
    yield {**event, **hostile}


@pytest.fixture
def archive_keys() -> Iterator[set[str]]:
    """Let S3 accept uploads and discard them; moto would keep them all in memory.

    Returns:
        The keys of the objects.
    """
    keys: set[str] = set()

    def accept(params: Any, **_: Any) -> tuple[object, dict[str, Any]]:
        keys.add(unquote(params["url_path"]))
        return SimpleNamespace(status_code=HTTPStatus.OK), {}

    emitter: Any = client("s3").meta.events
    emitter.register_first("before-call.s3.PutObject", accept)
    yield keys
    emitter.unregister("before-call.s3.PutObject", accept)


@pytest.mark.mission("Accept API Gateway events and return properly formatted responses")
@pytest.mark.parametrize("function", METHODS)
def test_every_event_gets_a_well_formed_response(
    function: str,
    api: Api,
    archive_keys: set[str],
    record_property: Callable[[str, object], None],
) -> None:
    # If possible, one that no event deletes.
    status = next((each for each in REACHABLE if each not in ENTITY.deletable), INITIAL)
    stored: str = create_with(api, status)[ENTITY.id_field]
    handler = HANDLERS[METHODS[function][0]]
    statuses: Counter[int] = Counter()

    @settings(
        max_examples=EVENTS // 13,
        # One part of an event is hostile, so there is little to shrink.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    @given(st.one_of([events(method, stored) for method in METHODS[function]]))
    def send(generated: list[Event]) -> None:
        for event in generated:
            # Lambda delivers events as JSON.
            text = json.dumps(event)
            result = handler(json.loads(text), Context())
            note(f"{text[:2_000]} got {result}")
            _assert_well_formed(result)
            statuses[result["statusCode"]] += 1

    archive_keys.clear()
    send()
    counts = dict(sorted(statuses.items()))
    record_property("counted", f"{statuses.total()} events, responses {counts}")
    assert statuses.total() >= EVENTS
    assert len(archive_keys) == statuses.total()
    assert all(map(_ARCHIVE_KEY.fullmatch, archive_keys))


def _assert_well_formed(result: dict[str, Any]) -> None:
    status, headers, text = result["statusCode"], result["headers"], result["body"]
    assert type(status) is int
    assert 200 <= status < 500, text
    assert result["isBase64Encoded"] is False
    for name, value in headers.items():
        assert isinstance(name, str)
        assert isinstance(value, str)
        # A line break would end the header.
        assert value.isascii()
        assert value.isprintable()
    if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}:
        assert text == ""
        return
    body = json.loads(text)
    assert isinstance(body, dict)
    if status >= HTTPStatus.BAD_REQUEST:
        assert headers["Content-Type"] == PROBLEM
        assert (body["type"], body["status"]) == ("about:blank", status)
        assert all(isinstance(body[name], str) for name in ("title", "detail", "instance"))
        assert is_absolute_path(body["instance"])
        assert body["request_id"] == headers["X-Request-Id"]
        assert not [word for word in INTERNALS if word in text]


@pytest.mark.parametrize("event", [None, [], "text", 7])
@pytest.mark.parametrize("method", HANDLERS)
def test_an_event_that_is_not_an_object_is_not_found(method: str, event: Any) -> None:
    result = HANDLERS[method](event, Context())

    assert result["statusCode"] == HTTPStatus.NOT_FOUND
    _assert_well_formed(result)
