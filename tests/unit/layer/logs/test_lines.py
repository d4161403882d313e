"""The lines that the functions write: what Powertools would write, each at once."""

import io
import json
import logging
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from common.logs import metrics
from common.logs.logger import LineFormatter

KEYS = {"service": "s", "sampling_rate": None, "request_id": "r-1", "route": "GET /ä"}
EXTRAS: tuple[Mapping[str, Any], ...] = (
    {},
    {"status": 201, "cold_start": False, "api_key_id": ""},
    {"detail": None, "latency_ms": 1.5},
    {"caller": "Zoë \u2028", "amount": Decimal("1.50"), "nested": {"a": [1, None]}},
    {"request_id": "r-2", "level": "own", "exception": "own"},
)


def formatted(formatter: LambdaPowertoolsFormatter, extra: Mapping[str, Any], **fields: Any) -> str:
    values = {"msg": "request", "levelname": "INFO", "created": 1.5, "funcName": "f", **fields}
    record = logging.makeLogRecord({**values, **extra})
    formatter.append_keys(**KEYS)
    return formatter.format(record)


def error() -> Any:
    # The text of a TypeError may be logged.
    try:
        len(7)  # type: ignore[arg-type]
    except TypeError:
        return sys.exc_info()


@pytest.mark.parametrize("trace", ["", "Root=1-2;Parent=3;Sampled=0"])
@pytest.mark.parametrize("extra", EXTRAS)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"levelname": "WARNING", "lineno": 7},
        {"msg": "%s of %s", "args": (1, 2)},
        {"msg": {"a": 1}},
        {"exc_info": error()},
    ],
    ids=["plain", "warning", "arguments", "mapping", "exception"],
)
def test_a_line_is_the_same_as_that_of_powertools(
    fields: Mapping[str, Any],
    extra: Mapping[str, Any],
    trace: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace)
    ours, powertools = (
        formatted(kind(utc=True, use_rfc3339=True), extra, **fields)
        for kind in (LineFormatter, LambdaPowertoolsFormatter)
    )
    assert ours == powertools
    assert json.loads(ours)["service"] == "s"


def test_a_line_of_metrics_is_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[str] = []
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys.stdout, "write", writes.append)
    metrics.metrics.add_metadata("request_id", "r-1")
    metrics.count("Things")
    metrics.count("Things", 2)
    metrics.flush()
    metrics.flush()

    (line,) = filter(None, writes)
    assert line.endswith("}\n")
    values = json.loads(line)
    assert (values["Things"], values["request_id"]) == ([1, 2], "r-1")
