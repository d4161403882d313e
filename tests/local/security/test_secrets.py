"""The secrets of a deployment are in Parameter Store and API Gateway, and nowhere else."""

import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from infra.spec.paths import PROJECT
from local.deploy import STACK
from ops.deployment import HOME
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller
from tests.support.logs.lines import logged


def rotate(service: Service, *options: str) -> subprocess.CompletedProcess[str]:
    """What ``ops rotate-cursor-key`` says of the service."""
    return subprocess.run(
        [PROJECT / ".venv" / "bin" / "ops", "rotate-cursor-key", *options],
        env={**os.environ, HOME: str(service.home.folder)},
        capture_output=True,
        text=True,
    )


def fill(call: Caller, pipeline: str) -> str:
    """The cursor to the second of two jobs."""
    for _ in range(2):
        call("POST", "/jobs", {"pipeline": pipeline, "input_uri": "s3://in/1"})
    cursor: str = call("GET", f"/jobs?pipeline={pipeline}&limit=1").body["next_cursor"]
    return cursor


def test_a_rotation_makes_a_new_key_and_cursors_stay_good(
    service: Service, call: Caller, pipeline: str
) -> None:
    cursor, before = fill(call, pipeline), service.cursor_keys
    done = rotate(service, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["signs_from"] < told["old_cursors_until"]
    (_, *older) = service.cursor_keys
    assert older == before
    rest = call("GET", f"/jobs?pipeline={pipeline}&limit=1&cursor={cursor}")
    assert (rest.status, len(rest.body["items"])) == (200, 1)


def test_an_operator_reads_when_the_new_key_signs_and_the_old_cursors_end(
    service: Service,
) -> None:
    done = rotate(service)
    assert done.returncode == 0, done.stderr
    assert re.search(r"signs from +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", done.stdout)
    assert re.search(r"cursors end at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", done.stdout)


def test_a_refused_rotation_says_why_and_changes_nothing(service: Service) -> None:
    iam, before = service.client("iam"), service.cursor_keys
    role = {"RoleName": service.outputs["ParametersCursorKeyRole"], "PolicyName": "denied"}
    denial = {"Effect": "Deny", "Action": "ssm:PutParameter", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [denial]}
    iam.put_role_policy(**role, PolicyDocument=json.dumps(policy))
    try:
        done = rotate(service)
    finally:
        iam.delete_role_policy(**role)
    assert done.returncode == 1
    assert done.stderr == ("The key was not rotated: PutParameter: AccessDeniedException\n")
    assert service.cursor_keys == before


def everywhere(service: Service) -> Iterator[tuple[str, bytes]]:
    """All that is written of the stack: where, and what."""
    cloudformation = service.client("cloudformation")
    template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    yield "template", _bytes(template)
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=STACK)
    yield "events", b"".join(_bytes(page["StackEvents"]) for page in pages)
    yield "outputs", _bytes(service.outputs)
    for file in service.home.assembly.rglob("*"):
        if file.is_file():
            yield f"assembly: {file.name}", file.read_bytes()
    logs = service.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            name = group["logGroupName"]
            lines = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            yield f"log: {name}", b"".join(_bytes(each["events"]) for each in lines)
    s3, archive = service.client("s3"), service.outputs["ArchiveBucketName"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=archive, Prefix="logs/"):
        for entry in page.get("Contents", []):
            body = s3.get_object(Bucket=archive, Key=entry["Key"])["Body"].read()
            yield f"archive: {entry['Key']}", gzip.decompress(body)


def _bytes(value: Any) -> bytes:
    return json.dumps(value, default=str).encode()


def test_a_secret_is_in_no_template_asset_event_output_or_line(
    service: Service, call: Caller, pipeline: str
) -> None:
    before = service.cursor_keys
    assert rotate(service).returncode == 0
    fill(call, pipeline)
    refused = call("GET", "/jobs?cursor=forged")
    assert refused.status == 400
    logged(service, "read", refused.headers["X-Request-Id"])
    written = dict(everywhere(service))
    _holds_what_it_should(written, service)
    for secret in {*before, *service.cursor_keys, service.api_key}:
        assert [where for where, text in written.items() if secret.encode() in text] == []


def _holds_what_it_should(written: Mapping[str, bytes], service: Service) -> None:
    """Nothing is found where nothing was looked at."""
    key, maker = service.outputs["ParametersCursorKey"], service.outputs["ParametersCursorKeyLogs"]
    assert b"Custom::CursorKey" in written["template"]
    assert b"Custom::CursorKey" in written["events"]
    assert key.encode() in written["outputs"]
    assert b"REPORT" in written[f"log: {maker}"]
    assert any(where == f"assembly: {STACK}.template.json" for where in written)
    assert any(where.endswith("cursor.py") for where in written)
    assert any(where.startswith("archive: logs/function=read/") for where in written)
