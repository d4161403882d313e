"""The function of Custom::CursorKey, with a server for its answers to CloudFormation."""

import base64
import json
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.custom_resources.makers import cursor_key, protocol
from infra.custom_resources.makers.cursor_key import (
    GRACE_SECONDS,
    SIGNS_AFTER_SECONDS,
    NotRotated,
    handler,
)
from infra.custom_resources.makers.protocol import (
    ANSWER_TIMEOUT_SECONDS,
    RETRY_PAUSE_SECONDS,
    SPREADING_SECONDS,
)
from infra.spec.service import REGION, SERVICE_NAME

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NAME = f"/{SERVICE_NAME}/test/cursor-key"


@dataclass
class Context:
    log_stream_name: str = "2030/01/01/[$LATEST]0123"


@dataclass
class Server:
    """Records the answers to CloudFormation, and denies every call of SSM."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    ssm_requests: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def _body(self) -> dict[str, Any]:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            return body

        def do_PUT(self) -> None:
            state.content_types.append(self.headers["Content-Type"])
            state.answers.append(self._body())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            body = self._body()
            state.ssm_requests.append(body)
            error = {"__type": "AccessDeniedException", "Message": f"denied: {body}"}
            text = json.dumps(error).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


@dataclass
class Clock:
    """A clock that only sleeping advances."""

    seconds: float = 0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(protocol, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)


@pytest.fixture
def ssm() -> Iterator["SSMClient"]:
    with mock_aws():
        yield boto3.client("ssm")


def request(server: Server, type_: str, **properties: Any) -> dict[str, Any]:
    return {
        "RequestType": type_,
        "ResponseURL": f"{server.url}/answer?signature=secret",
        "StackId": f"arn:aws:cloudformation:{REGION}:123456789012:stack/test/1",
        "RequestId": "request-1",
        "LogicalResourceId": "CursorKey",
        "ResourceType": "Custom::CursorKey",
        "ResourceProperties": {"ServiceToken": "arn", "ParameterName": NAME},
        **properties,
    }


def value(ssm: "SSMClient") -> str:
    return ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"]


def test_a_create_request_writes_a_random_key(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create"), Context())
    parameter = ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]
    assert parameter["Type"] == "SecureString"
    (key,) = json.loads(parameter["Value"])
    assert len(base64.b64decode(key["secret"], validate=True)) == 32
    assert (key["signs_from"], key["good_until"]) == (0, None)
    assert server.answers == [
        {
            "Status": "SUCCESS",
            "Reason": "created",
            "PhysicalResourceId": NAME,
            "StackId": f"arn:aws:cloudformation:{REGION}:123456789012:stack/test/1",
            "RequestId": "request-1",
            "LogicalResourceId": "CursorKey",
        }
    ]


def test_each_create_request_writes_a_different_key(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create"), Context())
    first = value(ssm)
    handler(request(server, "Delete", PhysicalResourceId=NAME), Context())
    handler(request(server, "Create"), Context())
    assert value(ssm) != first


@pytest.mark.parametrize("type_", ["Create", "Update"])
def test_an_existing_key_is_kept(type_: str, ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create"), Context())
    first = value(ssm)
    handler(request(server, type_, PhysicalResourceId=NAME), Context())
    assert value(ssm) == first
    assert [answer["Status"] for answer in server.answers] == ["SUCCESS", "SUCCESS"]


def test_a_delete_request_deletes_the_key(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create"), Context())
    handler(request(server, "Delete", PhysicalResourceId=NAME), Context())
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        value(ssm)
    assert server.answers[-1]["Status"] == "SUCCESS"


def test_deleting_a_missing_key_succeeds(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Delete", PhysicalResourceId=NAME), Context())
    assert server.answers[-1]["Status"] == "SUCCESS"


def test_after_a_rename_the_old_key_can_be_deleted_by_its_physical_id(
    ssm: "SSMClient", server: Server
) -> None:
    handler(request(server, "Create"), Context())
    renamed = {"ServiceToken": "arn", "ParameterName": f"/{SERVICE_NAME}/test/other"}
    event = request(server, "Update", PhysicalResourceId=NAME, ResourceProperties=renamed)
    handler(event, Context())
    assert server.answers[-1]["PhysicalResourceId"] == f"/{SERVICE_NAME}/test/other"
    handler(
        request(server, "Delete", PhysicalResourceId=NAME, ResourceProperties=renamed), Context()
    )
    names = [p["Name"] for p in ssm.describe_parameters()["Parameters"]]
    assert names == [f"/{SERVICE_NAME}/test/other"]


def test_the_key_and_the_signed_url_appear_in_no_answer_and_no_log_line(
    ssm: "SSMClient", server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    handler(request(server, "Create"), Context())
    (key,) = json.loads(value(ssm))
    assert key["secret"] not in json.dumps(server.answers) + caplog.text
    assert "signature" not in caplog.text
    assert NAME in caplog.text


def test_an_error_that_quotes_the_key_is_reported_without_it(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    handler(request(server, "Create"), Context())
    (answer,) = server.answers
    assert answer["Status"] == "FAILED"
    assert "PutParameter: AccessDeniedException" in answer["Reason"]
    assert Context.log_stream_name in answer["Reason"]
    (key,) = json.loads(server.ssm_requests[0]["Value"])
    assert key["secret"] not in json.dumps(answer) + caplog.text


def test_the_rollback_of_a_failed_creation_leaves_an_earlier_key(
    ssm: "SSMClient", server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler(request(server, "Create"), Context())
    first = value(ssm)
    with monkeypatch.context() as patch:
        patch.setattr(cursor_key, "_new_key", lambda **_: 1 / 0)
        handler(request(server, "Create"), Context())
    failed = server.answers[-1]
    assert failed["Status"] == "FAILED"
    assert failed["PhysicalResourceId"] == f"{NAME}#failed"

    handler(request(server, "Delete", PhysicalResourceId=failed["PhysicalResourceId"]), Context())

    assert server.answers[-1]["Status"] == "SUCCESS"
    assert value(ssm) == first


def test_a_failed_update_keeps_the_physical_id(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    renamed = {"ServiceToken": "arn", "ParameterName": f"/{SERVICE_NAME}/test/other"}
    event = request(server, "Update", PhysicalResourceId=NAME, ResourceProperties=renamed)
    handler(event, Context())
    (answer,) = server.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", NAME)


def test_a_creation_is_repeated_until_iam_has_spread_the_role(
    ssm: "SSMClient", server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutParameter")
    put, failures = cursor_key._put, iter([denied, denied])

    def put_after_two_denials(*args: Any, **kwargs: Any) -> None:
        if error := next(failures, None):
            raise error
        put(*args, **kwargs)

    monkeypatch.setattr(cursor_key, "_put", put_after_two_denials)
    handler(request(server, "Create"), Context())
    assert [answer["Status"] for answer in server.answers] == ["SUCCESS"]
    assert value(ssm)
    assert clock.seconds == 2 * RETRY_PAUSE_SECONDS


def test_a_lasting_denial_is_reported_before_the_function_times_out(
    server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    handler(request(server, "Create"), Context())
    assert [answer["Status"] for answer in server.answers] == ["FAILED"]
    assert len(server.ssm_requests) == SPREADING_SECONDS / RETRY_PAUSE_SECONDS + 1
    attempt = 3 * (3 + 5)
    assert clock.seconds + attempt + ANSWER_TIMEOUT_SECONDS < 60


def test_an_unreachable_parameter_store_is_reported_to_cloudformation(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    handler(request(server, "Create"), Context())
    (answer,) = server.answers
    assert answer["Status"] == "FAILED"
    assert "EndpointConnectionError" in answer["Reason"]


def test_a_request_without_a_parameter_name_fails(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create", ResourceProperties={"ServiceToken": "arn"}), Context())
    (answer,) = server.answers
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"]


def test_an_answer_that_cannot_be_sent_makes_lambda_retry(ssm: "SSMClient", server: Server) -> None:
    event = request(server, "Create") | {"ResponseURL": "http://127.0.0.1:9/"}
    with pytest.raises(OSError, match="refused"):
        handler(event, Context())


def test_the_answer_has_the_content_type_that_the_url_is_signed_for(
    ssm: "SSMClient", server: Server
) -> None:
    handler(request(server, "Create"), Context())
    assert server.content_types == [""]


def rotation(*, revoke: bool = False) -> dict[str, Any]:
    return {"RequestType": "Rotate", "ParameterName": NAME, "Revoke": revoke}


def keys(ssm: "SSMClient") -> list[dict[str, Any]]:
    stored: list[dict[str, Any]] = json.loads(value(ssm))
    return stored


def test_a_rotation_puts_a_new_key_before_the_old_one(ssm: "SSMClient", server: Server) -> None:
    handler(request(server, "Create"), Context())
    (first,) = keys(ssm)
    rotated = handler(rotation(), Context())
    assert rotated
    new, old = keys(ssm)
    assert new["secret"] != first["secret"]
    assert (new["signs_from"], new["good_until"]) == (rotated["signs_from"], None)
    assert old == {**first, "good_until": rotated["old_cursors_until"]}
    assert ssm.get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"


def test_a_revocation_keeps_only_a_new_key_that_signs_at_once(
    ssm: "SSMClient", server: Server
) -> None:
    handler(request(server, "Create"), Context())
    (first,) = keys(ssm)
    revoked = handler(rotation(revoke=True), Context())
    assert revoked
    (new,) = keys(ssm)
    assert new["secret"] != first["secret"]
    assert new["signs_from"] == revoked["signs_from"] == revoked["old_cursors_until"]


def test_a_rotation_drops_keys_that_are_no_longer_valid(
    ssm: "SSMClient", server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler(request(server, "Create"), Context())
    handler(rotation(), Context())
    assert len(keys(ssm)) == 2
    later = time.time() + SIGNS_AFTER_SECONDS + GRACE_SECONDS + 1
    monkeypatch.setattr("infra.custom_resources.makers.cursor_key.time.time", lambda: later)
    handler(rotation(), Context())
    assert len(keys(ssm)) == 2


def test_the_keys_appear_in_no_answer_to_the_operator_and_no_log_line(
    ssm: "SSMClient", server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    handler(request(server, "Create"), Context())
    answer = json.dumps(handler(rotation(), Context()))
    assert NAME in caplog.text
    assert [key for key in keys(ssm) if key["secret"] in answer + caplog.text] == []


def test_a_rotation_without_a_key_fails_and_changes_nothing(ssm: "SSMClient") -> None:
    with pytest.raises(NotRotated, match="GetParameter: ParameterNotFound"):
        handler(rotation(), Context())
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_rotation_error_that_quotes_the_key_is_raised_without_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    with pytest.raises(NotRotated) as error:
        handler(rotation(revoke=True), Context())
    (key,) = json.loads(server.ssm_requests[0]["Value"])
    trace = "".join(traceback.format_exception(error.value))
    assert "PutParameter: AccessDeniedException" in trace
    assert key["secret"] not in trace
