"""The trimmed SDK of the layer behaves like the whole one."""

import json
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import pytest

from infra.bundling import trim_sdk
from infra.bundling.layer_content import build_layer
from infra.spec.paths import BUILD
from infra.spec.routes import ROUTES
from infra.spec.service import REGION

CALLS = """
import datetime, json, os, sys, time, uuid
sys.path[:0] = json.loads(sys.argv[1])
import botocore.compat
# Fix the values that differ between two runs.
now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
botocore.compat.get_current_datetime = lambda remove_tzinfo=True: (
    now.replace(tzinfo=None) if remove_tzinfo else now
)
uuid.uuid4 = lambda: uuid.UUID(int=7)
time.time = now.timestamp
time.sleep = lambda _: None
import io
import boto3.session
from botocore.config import Config
from botocore.exceptions import ClientError

session = boto3.session.Session()
retries = {"mode": "standard", "total_max_attempts": 3}
def client(name, **options):
    return session.client(
        name, config=Config(retries=retries, user_agent="test", s3={"addressing_style": "path"}),
        **options)

def call(operation, **arguments):
    try:
        answer = operation(**arguments)
    except ClientError as error:
        answer = {"raised": type(error).__name__, **error.response}
    answer["ResponseMetadata"].pop("HTTPHeaders")
    return answer

dynamodb, s3, ssm, sts = map(client, ("dynamodb", "s3", "ssm", "sts"))
item = {"item_id": {"S": "a"}, "n": {"N": "1"}, "l": {"L": [{"M": {"k": {"BOOL": True}}}]}}
answers = [
    call(dynamodb.put_item, TableName="ok", Item=item),
    call(dynamodb.put_item, TableName="refused", Item=item,
         ConditionExpression="attribute_not_exists(item_id)",
         ReturnValuesOnConditionCheckFailure="ALL_OLD"),
    call(dynamodb.get_item, TableName="throttled-once", Key={"item_id": {"S": "a"}}),
    call(dynamodb.query, TableName="broken", KeyConditionExpression="a = :a",
         ExpressionAttributeValues={":a": {"S": "b"}}),
    call(dynamodb.update_item, TableName="ok", Key={"item_id": {"S": "a"}}),
    call(s3.put_object, Bucket="ok", Key="logs/a=b/c.gz", Body=b"text", ContentType="text/plain",
         Expires=now),
    call(s3.put_object, Bucket="denied", Key="a", Body=b"text"),
    call(ssm.get_parameter, Name="/a/config", WithDecryption=True),
    call(ssm.get_parameter, Name="/missing"),
    call(sts.get_caller_identity),
]
legacy = session.client("dynamodb", config=Config(retries={"mode": "legacy"}, user_agent="test"))
answers.append(call(legacy.get_item, TableName="throttled-legacy", Key={"item_id": {"S": "a"}}))
pages = dynamodb.get_paginator("query").paginate(
    TableName="ok", KeyConditionExpression="a = :a", ExpressionAttributeValues={":a": {"S": "b"}})
answers += [{"items": page.get("Items")} for page in pages]
os.environ.pop("AWS_ENDPOINT_URL")
endpoints = [
    client(name, region_name=region).meta.endpoint_url
    for name in ("dynamodb", "s3", "ssm", "sts") for region in ("us-east-1", "eu-central-1")
]
presigned_url = client("s3", region_name="us-east-1").generate_presigned_url(
    "put_object", Params={"Bucket": "archive", "Key": "a"})
print(json.dumps([answers, endpoints, presigned_url], default=str))
"""
REQUESTED_URLS = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import boto3.session
from botocore.config import Config
session = boto3.session.Session(aws_access_key_id="key", aws_secret_access_key="secret")
class Sent(Exception):
    pass
requested = []
def send(request, **_):
    scope = request.headers["Authorization"].split(b"/")[2:4]
    requested.append([request.url, *(part.decode() for part in scope)])
    raise Sent
def request(service, method, arguments, region, **options):
    client = session.client(
        service, region_name=region, config=Config(retries={"total_max_attempts": 1}), **options)
    client.meta.events.register("before-send", send)
    try:
        getattr(client, method)(**arguments)
    except Sent:
        pass
calls = (
    ("dynamodb", "put_item", {"TableName": "items", "Item": {"item_id": {"S": "a"}}}),
    ("ssm", "get_parameter", {"Name": "/a"}),
)
for service, method, arguments in calls:
    for region in session.get_available_regions(service):
        request(service, method, arguments, region)
    request(service, method, arguments, "us-east-1", endpoint_url="http://localhost:1/emulator")
print(json.dumps(requested))
"""
HIGHER_LEVEL = """
import io, json, sys
sys.path[:0] = json.loads(sys.argv[1])
import boto3
from boto3.compat import TRANSFER_CONFIG_SUPPORTS_CRT
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
table = boto3.resource("dynamodb").Table("ok")
table.put_item(Item={"item_id": "a", "n": 1})
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}))
s3.upload_fileobj(io.BytesIO(b"text"), "ok", "a", Config=TransferConfig(use_threads=False))
print(json.dumps([repr(table), TRANSFER_CONFIG_SUPPORTS_CRT, s3.upload_fileobj.__doc__]))
"""
LAYER_CLIENTS = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import boto3.session
created = []
create = boto3.session.Session.client
def recording(self, service, **options):
    created.append(service)
    return create(self, service, **options)
boto3.session.Session.client = recording
from common.aws.clients import SERVICES, client
for service in SERVICES:
    client(service)
loaded = sorted({name.split(".")[0] for name in sys.modules})
print(json.dumps([created, list(SERVICES), loaded]))
"""
SNAPSHOT = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from common import cold_start
from common.aws.clients import client
def put():
    client("dynamodb").put_item(TableName="ok", Item={"item_id": {"S": "a"}})
put()
put()
cold_start.before_snapshot()
put()
"""
CREDENTIALS = {
    "AccessKeyId": "AKIDEXAMPLE",
    "SecretAccessKey": "secret",
    "Token": "session",
    "Expiration": "2099-01-01T00:00:00Z",
}
IDENTITY = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<GetCallerIdentityResult><Arn>arn:aws:iam::1:role/r</Arn><Account>1</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""
DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


class Conversation(NamedTuple):
    """The results of a program's calls, and the requests that the SDK sent for them."""

    answers: list[dict[str, Any]]
    endpoints: list[str]
    presigned_url: str
    requests: list[dict[str, Any]]


class Aws(NamedTuple):
    """A stub of AWS, and the requests that it received."""

    url: str
    requests: list[dict[str, Any]]


@pytest.fixture(scope="module")
def layer() -> Path:
    return build_layer(BUILD) / "python"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    requests: list[dict[str, Any]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), answering(requests)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Aws(f"http://127.0.0.1:{server.server_port}", requests)
        server.shutdown()


@pytest.fixture(scope="module")
def trimmed(layer: Path, aws: Aws) -> Conversation:
    return converse(layer, aws)


def whole_packages() -> Path:
    """Return the folder with the packages of this environment."""
    botocore = find_spec("botocore")
    assert botocore
    assert botocore.origin
    return Path(botocore.origin).parent.parent


def converse(packages: Path, aws: Aws) -> Conversation:
    answers, endpoints, presigned_url = json.loads(run(CALLS, packages, aws))
    for request in aws.requests:
        del request["connection"]
        # Depends on the time: the deadline of the caller.
        request["headers"].pop("amz-sdk-request", None)
    return Conversation(answers, endpoints, presigned_url, list(aws.requests))


def run(program: str, packages: Path, aws: Aws, **variables: str) -> str:
    """Run a program with only ``packages`` on its path, and return its standard output."""
    aws.requests.clear()
    # With SnapStart, Lambda serves credentials by HTTP.
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{aws.url}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "let me in",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": aws.url,
        **variables,
    }
    process = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program, json.dumps([str(packages)])],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def answering(requests: list[dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    """Return a handler that answers like AWS and records its requests."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(200, json.dumps(CREDENTIALS))

        def do_PUT(self) -> None:
            self.answer(*((403, DENIED) if self.path.startswith("/denied") else (200, "")))

        def do_POST(self) -> None:
            operation = self.headers.get("X-Amz-Target", "").split(".")[-1]
            if not operation:
                self.answer(200, IDENTITY)
                return
            body = json.loads(self.body())
            self.answer(*self.outcome(operation, body), body=body)

        def outcome(self, operation: str, body: dict[str, Any]) -> tuple[int, str]:
            earlier = [request for request in requests if request["body"] == body]
            match operation, body:
                case _, {"TableName": "refused", "Item": item}:
                    kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
                    return 400, json.dumps({"__type": kind, "message": "no", "Item": item})
                case _, {"TableName": str(name)} if name.startswith("throttled") and not earlier:
                    return 400, json.dumps({"__type": "ThrottlingException", "message": "slow"})
                case _, {"TableName": "broken"}:
                    return 500, json.dumps({"__type": "InternalServerError", "message": "broken"})
                case "GetParameter", {"Name": "/missing"}:
                    return 400, json.dumps({"__type": "ParameterNotFound"})
                case "GetParameter", _:
                    value = {"Value": "{}", "LastModifiedDate": 1767225600.5}
                    return 200, json.dumps({"Parameter": value})
                case "GetItem", _:
                    return 200, json.dumps({"Item": {"item_id": {"S": "a"}}})
            return 200, "{}"

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def answer(self, status: int, text: str, body: object = None) -> None:
            if body is None and "Content-Length" in self.headers:
                body = self.body().decode()
            requests.append(
                {
                    "line": self.requestline,
                    "headers": dict(self.headers),
                    "body": body,
                    "connection": self.client_address,
                }
            )
            self.send_response(status)
            self.send_header("x-amzn-RequestId", "request")
            self.send_header("x-amz-crc32", str(crc32(text.encode())))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None: ...

    return Handler


def test_the_trimmed_sdk_behaves_like_the_whole_one(trimmed: Conversation, aws: Aws) -> None:
    whole = converse(whole_packages(), aws)
    assert trimmed.answers == whole.answers
    assert trimmed.endpoints == whole.endpoints
    assert trimmed.presigned_url == whole.presigned_url
    assert trimmed.requests == whole.requests


def test_the_trimmed_sdk_signs_with_credentials_from_lambda(trimmed: Conversation) -> None:
    credentials, *calls = trimmed.requests
    assert credentials["line"] == "GET /credentials HTTP/1.1"
    assert credentials["headers"]["Authorization"] == "let me in"
    for call in calls:
        assert "Credential=AKIDEXAMPLE/2026" in call["headers"]["Authorization"]
        assert call["headers"]["X-Amz-Security-Token"] == "session"


def test_the_trimmed_sdk_retries_and_raises_errors(trimmed: Conversation) -> None:
    _, refused, throttled, broken, *_, legacy = (
        answer for answer in trimmed.answers if "ResponseMetadata" in answer
    )
    assert legacy["ResponseMetadata"]["RetryAttempts"] == 1
    assert refused["raised"] == "ConditionalCheckFailedException"
    assert refused["Item"]["item_id"] == {"S": "a"}
    assert throttled["ResponseMetadata"]["RetryAttempts"] == 1
    assert broken["raised"] == "InternalServerError"
    assert broken["ResponseMetadata"]["RetryAttempts"] == 2


def test_calls_go_to_the_same_endpoint_in_every_region(layer: Path, aws: Aws) -> None:
    trimmed, whole = (
        json.loads(run(REQUESTED_URLS, packages, aws, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true"))
        for packages in (layer, whole_packages())
    )
    assert trimmed == whole
    assert ["https://dynamodb.eu-central-1.amazonaws.com/", "eu-central-1", "dynamodb"] in trimmed
    assert len(trimmed) > 50


def test_the_trimmed_sdk_trusts_only_amazons_root_certificates(layer: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(layer / "botocore" / "cacert.pem")
    subjects = str([certificate["subject"] for certificate in context.get_ca_certs()])
    assert set(re.findall(r"'commonName', '([^']+)'", subjects)) == {
        "Amazon Root CA 1",
        "Amazon Root CA 2",
        "Amazon Root CA 3",
        "Amazon Root CA 4",
        "Starfield Services Root Certificate Authority - G2",
    }


def test_resources_and_transfers_of_boto3_behave_like_the_whole_sdk(layer: Path, aws: Aws) -> None:
    outcomes = []
    for packages in (layer, whole_packages()):
        values = json.loads(run(HIGHER_LEVEL, packages, aws))
        requests = [(request["line"], request["body"]) for request in aws.requests]
        outcomes.append((values, requests))
    trimmed, whole = outcomes
    assert trimmed == whole
    values, requests = trimmed
    assert "dynamodb.Table" in values[0]
    assert ("PUT /ok/a HTTP/1.1", "text") in requests


@pytest.mark.mission("Integration with Lambda via Boto3")
def test_the_clients_of_the_layer_come_from_a_session_of_boto3(layer: Path, aws: Aws) -> None:
    created, services, loaded = json.loads(run(LAYER_CLIENTS, layer, aws))
    assert created == services
    assert "s3transfer" not in loaded


def test_a_snapshot_holds_no_open_connection(layer: Path, aws: Aws) -> None:
    run(SNAPSHOT, layer, aws)
    credentials, first, second, after = (request["connection"] for request in aws.requests)
    assert first == second
    assert after not in (first, credentials)


def test_clients_have_the_operations_that_the_functions_may_call() -> None:
    actions = {action for route in ROUTES for action in (*route.table, *route.indexes)}
    allowed = {f"dynamodb:{operation}" for operation in trim_sdk.OPERATIONS["dynamodb"]}
    assert actions == allowed


def test_an_operation_that_a_service_does_not_have_is_an_error() -> None:
    with pytest.raises(LookupError, match="the service has no PutThing"):
        trim_sdk.keep_operations({"operations": {}, "shapes": {}}, {"PutThing"})


def test_exceptions_of_a_service_and_the_shapes_of_kept_operations_stay() -> None:
    shape = {"type": "structure", "members": {"List": {"shape": "Letters"}}}
    model = {
        "operations": {
            "Get": {"input": {"shape": "Input"}},
            "Find": {"endpointoperation": True},
            "Put": {"input": {"shape": "Other"}},
        },
        "shapes": {
            "Input": shape,
            "Letters": {"type": "list", "member": {"shape": "Letter"}},
            "Letter": {"type": "string"},
            "Other": {"type": "string"},
            "Named": {"type": "string"},
            "Busy": {"type": "structure", "members": {}, "exception": True},
        },
    }
    kept = trim_sdk.keep_operations(model, {"Get"}, {"Named"})
    assert list(kept["operations"]) == ["Get", "Find"]
    assert set(kept["shapes"]) == {"Input", "Letters", "Letter", "Named", "Busy"}
