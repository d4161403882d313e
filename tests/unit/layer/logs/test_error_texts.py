"""The log names the errors of dependencies, and does not quote their texts."""

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from common.exceptions import Unavailable
from common.logs.error_texts import stack_of, text_of
from common.logs.logger import logger
from tests.support.entities import ENTITY, EXAMPLES
from tests.support.http.sdk_answers import answers
from tests.unit.conftest import Api

MARK = "mark-0f6d7c52"


def _client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": MARK}}, "PutItem")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (_client_error("ValidationException"), "ValidationException"),
        (_client_error("KMS.DisabledException"), "KMS.DisabledException"),
        (_client_error("400"), ""),
        (_client_error(MARK), ""),
        (ClientError({}, "PutItem"), ""),
        (ResponseParserError(MARK), ""),
        (KeyError(MARK), ""),
        (ValueError(MARK), ""),
        (Unavailable("ThrottlingException"), "ThrottlingException"),
        (AttributeError("no attribute 'x'"), "no attribute 'x'"),
    ],
)
def test_the_text_of_an_exception_is_its_code_or_nothing_unless_it_is_ours(
    error: Exception, text: str
) -> None:
    assert text_of(error) == text


def test_a_stack_names_each_exception_that_led_to_the_last_and_where_it_was_raised() -> None:
    def fail() -> None:
        try:
            try:
                int(MARK)
            except ValueError:
                raise _client_error("ValidationException")  # noqa: B904 - the implicit context
        except ClientError as error:
            raise Unavailable("ValidationException") from error

    with pytest.raises(Unavailable) as raised:
        fail()
    stack = stack_of(raised.value)

    assert stack.count("Traceback (most recent call last):\n") == 3
    assert stack.count('test_error_texts.py", line ') == 4
    assert stack.index("\nValueError\n") < stack.index(
        "\nbotocore.exceptions.ClientError: ValidationException\n"
    )
    assert stack.endswith("\ncommon.exceptions.Unavailable: ValidationException")
    assert MARK not in stack


def test_a_line_about_an_exception_has_its_type_and_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    try:
        raise _client_error("ValidationException")
    except ClientError:
        logger.exception("failed")

    text = capsys.readouterr().out
    line = json.loads(text)
    assert line["exception_name"] == line["stack_trace"]["type"] == "ClientError"
    assert line["stack_trace"]["value"] == "ValidationException"
    assert line["stack_trace"]["frames"][-1]["line"] > 0
    assert line["service"]
    assert MARK not in text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, f'{{"__type": "a#ValidationException", "message": "{MARK}"}}'),
        (400, f'{{"__type": "a#{MARK}", "message": "{MARK}"}}'),
        (400, f'{{"__type": "a#Valid{MARK}'),
        (400, MARK),
        (404, f"<html>{MARK}</html>"),
        (302, f'["{MARK}"]'),
        (200, f'{{"Item": {{"{MARK}": {{"S": "'),
        (200, f'{{"Item": "{MARK}"}}'),
    ],
)
def test_what_a_broken_dynamodb_sends_is_not_logged(
    status: int, body: str, api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with answers("dynamodb", status, body.encode()):
        api("GET", f"{ENTITY.path}/00000000-0000-4000-8000-000000000000")
        api("POST", ENTITY.path, EXAMPLES.least)

    text = capsys.readouterr().out
    assert text.count('"message":"request"') == 2
    assert MARK not in text


def test_headers_that_cannot_be_parsed_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def answer(listener: socket.socket) -> None:
        with listener.accept()[0] as connection:
            connection.recv(65_536)
            connection.sendall(f"HTTP/1.1 200 OK\r\na: b\r\n{MARK}\r\n\r\n".encode())

    _serve_once(answer, lambda url: urllib3.request("GET", url, retries=False))

    assert MARK not in caplog.text
    assert not logging.getLogger("urllib3.connection").isEnabledFor(logging.WARNING)


def _serve_once(answer: Callable[[socket.socket], None], request: Callable[[str], Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=[listener])
        thread.start()
        request(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        thread.join()
