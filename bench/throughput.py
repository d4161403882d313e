"""Creates per second of the local run: our service against the blueprint in the same emulator.

The emulator runs a function in processes of this machine, so this compares what a request costs
from end to end, the processes and the gateway included. It says nothing of AWS's latency.
"""

import io
import itertools
import json
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import track

from bench.contenders import PEERS, prepare
from infra.spec.stages import STAGES
from local import aws
from local.deploy import STAGE, CdkDeployment
from local.emulator import process
from local.progress import Progress
from local.run_folder import RunFolder

CALLERS = 4
TURN_SECONDS = 1.0

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
_ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}],
}


class PerSecond(NamedTuple):
    """Requests answered with 201 in a second."""

    ours: float
    blueprint: float


class _Target(NamedTuple):
    url: str
    headers: dict[str, str]
    accepted: int


def measure(rounds: int, console: Console) -> PerSecond:
    """Deploy both, and let them take turns."""
    run_folder = RunFolder(Path(tempfile.mkdtemp(prefix="throughput-")))
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with (
            CdkDeployment(run_folder, Progress(console)) as deployment,
            process.running_emulator(run_folder, process.free_port(), lock) as running,
        ):
            endpoint = deployment.deploy_to(running.endpoint_url)
            _lift_limits(running.endpoint_url)
            ours = _Target(f"{endpoint.api_url}/jobs", {"x-api-key": endpoint.api_key}, 201)
            # The resolver answers whatever succeeds with 200.
            blueprint = _Target(f"{_deploy_blueprint(running.endpoint_url)}/jobs", {}, 200)
            turns: list[PerSecond] = []
            numbers = itertools.count()
            for turn in track(
                range(rounds + 1), "creates per second", console=console, transient=True
            ):
                speeds = PerSecond(*(_speed(each, numbers) for each in (ours, blueprint)))
                # The first turn starts the environments.
                if turn:
                    turns.append(speeds)
    return PerSecond(*map(statistics.median, zip(*turns, strict=True)))


def _lift_limits(url: str) -> None:
    """The emulator enforces the usage plan's rate and quota, which are not what is measured."""
    gateway = aws.client("apigateway", url)
    (plan,) = (
        each
        for each in gateway.get_usage_plans()["items"]
        if each["throttle"]["rateLimit"] == STAGES[STAGE].rate_limit
    )
    gateway.update_usage_plan(
        usagePlanId=plan["id"],
        patchOperations=[
            {"op": "replace", "path": path, "value": "1000000"}
            for path in ("/throttle/rateLimit", "/throttle/burstLimit", "/quota/limit")
        ],
    )


def _deploy_blueprint(url: str) -> str:
    """Put the blueprint into the emulator; returns the URL of its API."""
    contenders = prepare(Path(sys.executable))
    dynamodb = aws.client("dynamodb", url)
    for table, key in (("blueprint", "job_id"), ("idempotency", "id")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )
    iam = aws.client("iam", url)
    role = iam.create_role(RoleName="blueprint", AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.put_role_policy(
        RoleName="blueprint", PolicyName="tables", PolicyDocument=json.dumps(_ALLOWED)
    )
    lambda_ = aws.client("lambda", url)
    assert contenders.blueprint.packages
    layer = lambda_.publish_layer_version(
        LayerName="blueprint", Content={"ZipFile": _zip(contenders.blueprint.packages, "python")}
    )
    function = lambda_.create_function(
        FunctionName="blueprint",
        Runtime="python3.13",
        Role=role["Role"]["Arn"],
        Handler="handler.handler",
        Code={"ZipFile": _zip(PEERS / "blueprint", "")},
        Layers=[layer["LayerVersionArn"]],
        Timeout=25,
        MemorySize=STAGES[STAGE].memory_mb,
        Environment={
            "Variables": {
                "TABLE_NAME": "blueprint",
                "IDEMPOTENCY_TABLE_NAME": "idempotency",
                "POWERTOOLS_SERVICE_NAME": "blueprint",
                "POWERTOOLS_METRICS_NAMESPACE": "Blueprint",
            }
        },
    )["FunctionArn"]
    return _api(aws.client("apigateway", url), url, function)


def _api(gateway: Any, url: str, function: str) -> str:
    api = gateway.create_rest_api(name="blueprint")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    jobs = gateway.create_resource(restApiId=api, parentId=root["id"], pathPart="jobs")["id"]
    method = {"restApiId": api, "resourceId": jobs, "httpMethod": "POST"}
    gateway.put_method(**method, authorizationType="NONE")
    region = function.split(":")[3]
    gateway.put_integration(
        **method,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations",
    )
    gateway.create_deployment(restApiId=api, stageName=STAGE)
    return f"{url}/_aws/execute-api/{api}/{STAGE}"


def _zip(folder: Path, prefix: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.suffix != ".pyc":
                archive.write(path, Path(prefix) / path.relative_to(folder))
    return file.getvalue()


def _speed(target: _Target, numbers: Iterator[int]) -> float:
    """Creates per second over one turn; each is of another job."""
    until = time.monotonic() + TURN_SECONDS
    before = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        done = sum(pool.map(lambda _: _create_until(until, target, numbers), range(CALLERS)))
    return done / (time.monotonic() - before)


def _create_until(until: float, target: _Target, numbers: Iterator[int]) -> int:
    where = urlsplit(target.url)
    connection = HTTPConnection(where.netloc)
    done = 0
    while time.monotonic() < until:
        body = {"pipeline": "thumbnails", "input_uri": f"s3://photos/{next(numbers)}.png"}
        connection.request(
            "POST",
            where.path,
            json.dumps(body),
            {"Content-Type": "application/json", **target.headers},
        )
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != target.accepted:
            raise RuntimeError(f"{target.url} answered {answer.status}: {said.decode()}")
        done += 1
    connection.close()
    return done
