"""The floor: a create that signs its request itself."""

import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.aws_stub import AwsStub, serve_aws_stub
from bench.certificate import write_certificates
from bench.contenders import EVENTS, PEERS
from infra.spec.service import REGION
from tests.support.entities import ENTITY

Handler = Callable[[dict[str, Any], object], dict[str, Any]]
NEW = {"status": "NEW", "version": 1}


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[AwsStub]:
    """An AWS with TLS."""
    write_certificates(tmp_path / "tls")
    with serve_aws_stub(tmp_path / "tls") as stub:
        yield stub


@pytest.fixture
def floor(
    stub: AwsStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """The module, which reads its environment when it is imported."""
    for name, value in {
        "AUTHORITY": str(tmp_path / "tls" / "authority.pem"),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_ENDPOINT_URL": stub.url,
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "token",
        "ID_FIELD": ENTITY.id_field,
        "NEW_ITEM": json.dumps(NEW),
        "TABLE_NAME": ENTITY.collection,
    }.items():
        monkeypatch.setenv(name, value)
    module = runpy.run_path(str(PEERS / "floor" / "handler.py"))
    yield module
    module["_connection"].close()


def test_the_floor_writes_its_item_over_tls(floor: dict[str, Any], stub: AwsStub) -> None:
    handler: Handler = floor["handler"]
    answers = [handler(dict(EVENTS["create"]), None) for _ in range(2)]
    assert [answer["statusCode"] for answer in answers] == [201, 201]
    assert stub.calls == {"PutItem": 2}


def test_the_floor_and_bare_boto3_answer_with_the_same_item(
    floor: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    event = dict(EVENTS["create"])
    # boto3 calls moto.
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    bare: Handler = runpy.run_path(str(PEERS / "bare" / "handler.py"))["handler"]
    ours, theirs = (
        json.loads(handler(event, None)["body"]) for handler in (floor["handler"], bare)
    )
    different = {ENTITY.id_field, "created_at", "updated_at"}
    assert ours.keys() == theirs.keys()
    assert {name: ours[name] for name in ours.keys() - different} == {
        name: theirs[name] for name in theirs.keys() - different
    }


def test_the_floor_signs_as_botocore_does(floor: dict[str, Any], stub: AwsStub) -> None:
    content = b'{"TableName":"items"}'
    headers: dict[str, str] = floor["sign"](content, "20150830T123600Z")
    signature = headers.pop("authorization")
    unsigned = {name: value for name, value in headers.items() if name != "x-amz-security-token"}
    request = AWSRequest("POST", f"{stub.url}/", headers=unsigned, data=content)
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "token")
    signer = SigV4Auth(credentials, "dynamodb", REGION)
    request.context["timestamp"] = headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = "token"
    string = signer.string_to_sign(request, signer.canonical_request(request))
    assert signature.endswith(f"Signature={signer.signature(string, request)}")
    assert f"Credential={signer.scope(request)}" in signature
    assert f"SignedHeaders={signer.signed_headers(signer.headers_to_sign(request))}" in signature
