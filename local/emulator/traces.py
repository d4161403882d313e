"""Collect X-Ray segments as X-Ray's daemon does, and serve them through a part of its API.

The functions' SDK sends each segment as one UDP datagram. The segments of API Gateway and Lambda
come from the emulator: :mod:`local.emulator.patches.xray`.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import secrets
import socket
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Document = Mapping[str, Any]
"""A segment, or a subsegment that was sent separately."""

_MAX_TRACES = 10_000
_DATAGRAM_BYTES = 65_535
_NAMES = {"dynamodb": "DynamoDB", "s3": "S3", "ssm": "SSM"}
"""The names in X-Ray's types of the services that botocore calls otherwise."""


def new_trace_id() -> str:
    """Return the id of a trace that begins now."""
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


@dataclass
class Span:
    """The segment of a service, or a call (subsegment) within a segment."""

    trace_id: str
    name: str
    """The name of the service."""
    kind: Mapping[str, str]
    """The ``origin`` of a segment, or the ``namespace`` of a call."""
    parent_id: str | None = None
    """The call that caused the segment, if any."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    start: float = field(default_factory=time.time)
    end: float = 0.0
    status: int = 0
    calls: list["Span"] = field(default_factory=list)

    def finish(self, status: int) -> None:
        """End the span with the HTTP status of the answer."""
        self.end = time.time()
        self.status = status

    @property
    def milliseconds(self) -> float:
        """The duration of the span."""
        return (self.end - self.start) * 1000

    @property
    def document(self) -> Document:
        """The segment document that X-Ray expects."""
        parent = {"parent_id": self.parent_id} if self.parent_id else {}
        return {
            "id": self.id,
            "trace_id": self.trace_id,
            **parent,
            "name": self.name,
            **self.kind,
            "start_time": self.start,
            "end_time": self.end,
            "http": {"response": {"status": self.status}},
            "error": 400 <= self.status < 500,
            "throttle": self.status == 429,
            "fault": self.status >= 500,
            "subsegments": [call.document for call in self.calls],
        }


class Traces:
    """The traces of the latest requests."""

    def __init__(self) -> None:
        # Text takes a tenth of the memory of parsed documents.
        self._traces: OrderedDict[str, list[str]] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, document: Document) -> None:
        """Keep a document, and drop the oldest traces beyond the limit."""
        with self._lock:
            self._traces.setdefault(document["trace_id"], []).append(json.dumps(document))
            while len(self._traces) > _MAX_TRACES:
                self._traces.popitem(last=False)

    def listen(self, host: str, port: int) -> None:
        """Receive documents at a UDP port for as long as the process lives.

        https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html
        """
        daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        daemon.bind((host, port))

        def receive() -> None:
            while True:
                header, _, document = daemon.recvfrom(_DATAGRAM_BYTES)[0].partition(b"\n")
                if json.loads(header) == {"format": "json", "version": 1}:
                    self.add(json.loads(document))

        threading.Thread(target=receive, daemon=True).start()

    async def api(self, _method: str, path: str, _headers: Any, body: bytes, _query: Any) -> Any:
        """Answer GetServiceGraph and BatchGetTraces."""
        request = json.loads(body or b"{}")
        match path:
            case "/ServiceGraph":
                start, end = request["StartTime"], request["EndTime"]
                services = self.graph(start, end)
                answer = {"StartTime": start, "EndTime": end, "Services": services}
            case "/Traces":
                answer = self._batch(request["TraceIds"])
            case _:
                return 404, {}, b'{"message": "The emulator lacks this operation."}'
        return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()

    def _batch(self, ids: list[str]) -> dict[str, Any]:
        with self._lock:
            traces = {each: list(self._traces[each]) for each in ids if each in self._traces}
        return {
            "Traces": [
                {
                    "Id": trace_id,
                    "Segments": [
                        {"Id": json.loads(each)["id"], "Document": each} for each in documents
                    ],
                }
                for trace_id, documents in traces.items()
            ],
            "UnprocessedTraceIds": [each for each in ids if each not in traces],
        }

    def graph(self, start: float, end: float) -> list[dict[str, Any]]:
        """Return the service graph of the requests between two times, in epoch seconds."""
        with self._lock:
            traces = [list(documents) for documents in self._traces.values()]
        graph = _Graph()
        for texts in traces:
            documents = [json.loads(text) for text in texts]
            if start <= min(each["start_time"] for each in documents) < end:
                graph.add(documents)
        return graph.services()


class _Key(NamedTuple):
    name: str
    type: str


@dataclass
class _Statistics:
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    histogram: Counter[float] = field(default_factory=Counter)

    def count(self, span: Document) -> None:
        # A throttled call is also an error, but counts only as throttled.
        outcome = next((o for o in ("fault", "throttle", "error") if span.get(o)), "ok")
        seconds = span["end_time"] - span["start_time"]
        self.outcomes[outcome] += 1
        self.seconds += seconds
        self.histogram[round(seconds, 4)] += 1

    def summary(self) -> dict[str, Any]:
        """Return the statistics in the form of GetServiceGraph."""
        outcomes = self.outcomes
        return {
            "SummaryStatistics": {
                "OkCount": outcomes["ok"],
                "ErrorStatistics": {
                    "ThrottleCount": outcomes["throttle"],
                    "OtherCount": outcomes["error"],
                    "TotalCount": outcomes["throttle"] + outcomes["error"],
                },
                "FaultStatistics": {
                    "OtherCount": outcomes["fault"],
                    "TotalCount": outcomes["fault"],
                },
                "TotalCount": outcomes.total(),
                "TotalResponseTime": self.seconds,
            },
            "ResponseTimeHistogram": [
                {"Value": value, "Count": count} for value, count in sorted(self.histogram.items())
            ],
        }


class _Graph:
    def __init__(self) -> None:
        self._nodes: dict[_Key, _Statistics] = {}
        self._edges: dict[tuple[_Key, _Key], _Statistics] = {}

    def add(self, documents: list[Document]) -> None:
        """Count the requests of one trace."""
        spans = {span["id"]: span for document in documents for span in _spans(document, None)}
        segments = {key: _key(span) for key, span in spans.items() if "origin" in span}
        called = {spans[key].get("parent_id") for key in segments}

        def owner(span_id: str | None) -> _Key | None:
            while span_id is not None and span_id not in segments:
                span_id = spans.get(span_id, {}).get("parent_id")
            return None if span_id is None else segments[span_id]

        for key, span in spans.items():
            caller = owner(span.get("parent_id"))
            if (segment := segments.get(key)) is not None:
                self._count(caller or _Key(segment.name, "client"), segment, span)
            elif caller and span.get("namespace") == "aws" and key not in called:
                self._count(caller, _inferred(span), span)

    def _count(self, caller: _Key, called: _Key, span: Document) -> None:
        self._nodes.setdefault(called, _Statistics()).count(span)
        self._edges.setdefault((caller, called), _Statistics()).count(span)

    def services(self) -> list[dict[str, Any]]:
        """Return the graph in the form of GetServiceGraph."""
        keys = list(dict.fromkeys(key for edge in self._edges for key in edge))
        numbers = {key: number for number, key in enumerate(keys)}
        return [
            {
                "ReferenceId": numbers[key],
                "Name": key.name,
                "Names": [key.name],
                "Type": key.type,
                "State": "active",
                "Root": (_Key(key.name, "client"), key) in self._edges,
                "Edges": [
                    {"ReferenceId": numbers[called], **statistics.summary()}
                    for (caller, called), statistics in self._edges.items()
                    if caller == key
                ],
                **(self._nodes[key].summary() if key in self._nodes else {}),
            }
            for key in keys
        ]


def _key(segment: Document) -> _Key:
    return _Key(segment["name"], segment["origin"])


def _spans(document: Document, parent_id: str | None) -> Iterator[Document]:
    """Yield a document and its subsegments, each with the id of its parent."""
    yield {"parent_id": parent_id, **document}
    for inner in document.get("subsegments", ()):
        yield from _spans(inner, document["id"])


def _inferred(span: Document) -> _Key:
    """Return the service that a call went to, as X-Ray infers it from the caller's subsegment."""
    resource = span.get("aws", {})
    name = _NAMES.get(str(span["name"]), str(span["name"]))
    if "table_name" in resource:
        return _Key(resource["table_name"], f"AWS::{name}::Table")
    if "bucket_name" in resource:
        return _Key(resource["bucket_name"], f"AWS::{name}::Bucket")
    return _Key(name, f"AWS::{name}")
