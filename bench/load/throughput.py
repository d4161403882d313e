"""Compare the creates per second of the service and of the blueprint, in the same emulator.

The emulator runs functions in processes of this machine. So the figure includes the processes and
the gateway, and says nothing about AWS's latency.
"""

import io
import itertools
import json
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rich.console import Console

from bench.contenders import install_contenders
from bench.decision.verdicts import Target, Verdict
from bench.figures import Figure, compare
from bench.subject import ENTITY, different_body
from bench.turns import Shuffle, Turn, take_turns
from infra.bundling.python_version import PYTHON_VERSION
from infra.spec.stages import STAGES
from local import aws
from local.deploy import STAGE, CdkDeployment
from local.emulator import process
from local.progress import Progress
from local.run_folder import Endpoint, RunFolder

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
_PERMISSIONS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}],
}


class PerSecond(NamedTuple):
    """Items created per second."""

    ours: float
    blueprint: float


class _Target(NamedTuple):
    url: str
    headers: dict[str, str]
    success: int
    """The status of a successful request."""


def measure(wanted: int, console: Console) -> list[Turn[PerSecond]]:
    """Deploy both services, and measure them in turns.

    Args:
        wanted: The number of turns on a quiet machine.
        console: The output for the progress.
    """
    run_folder = RunFolder(Path(tempfile.mkdtemp(prefix="throughput-")))
    with run_folder.lock() as lock:
        assert lock
        run_folder.clear()
        with (
            CdkDeployment(run_folder, Progress(console)) as deployment,
            process.running_emulator(run_folder, process.free_port(), lock) as emulator,
        ):
            endpoint = deployment.deploy_to(emulator.endpoint_url)
            _lift_limits(endpoint)
            ours = _Target(f"{endpoint.api_url}{ENTITY.path}", {"x-api-key": endpoint.api_key}, 201)
            # Powertools' resolver answers with 200.
            blueprint = _Target(f"{_deploy_blueprint(emulator.endpoint_url)}{ENTITY.path}", {}, 200)
            targets = {"ours": ours, "blueprint": blueprint}
            numbers, shuffle = itertools.count(), Shuffle()

            def measure_turn() -> tuple[PerSecond, Iterable[float]]:
                speeds = {name: _measure_turn(targets[name], numbers) for name in shuffle(targets)}
                # The callers and the functions compete for the CPUs, so they wait for each other.
                return PerSecond(**speeds), ()

            def decided(turns: Sequence[Turn[PerSecond]]) -> bool:
                return figure(turns, wanted).verdict is not Verdict.UNDECIDED

            return take_turns(measure_turn, decided, wanted, "creates per second", console)


def figure(turns: Sequence[Turn[PerSecond]], wanted: int) -> Figure:
    """Return the figure of the report."""
    return compare(
        "creates per second of the local run, to the blueprint",
        turns,
        attrgetter("ours"),
        attrgetter("blueprint"),
        lambda speed: f"{speed:.0f}",
        wanted,
        Target(at_least=1),
    )


def _lift_limits(endpoint: Endpoint) -> None:
    """Lift the limits of the usage plan and of the stage, which the emulator enforces.

    A fast machine exceeds the rate limit of the stage, whose effect is not to be measured.
    """
    gateway = aws.client("apigateway", endpoint.aws_endpoint_url)
    api, stage = endpoint.api_url.split("/")[-2:]
    for plan in gateway.get_usage_plans()["items"]:
        gateway.update_usage_plan(
            usagePlanId=plan["id"],
            patchOperations=_lifted("/throttle/rateLimit", "/throttle/burstLimit", "/quota/limit"),
        )
    # In these paths, "~1" is the slash of the route's path.
    limits = f"/~1{ENTITY.collection}/POST/throttling"
    gateway.update_stage(
        restApiId=api,
        stageName=stage,
        patchOperations=_lifted(f"{limits}/rateLimit", f"{limits}/burstLimit"),
    )


def _lifted(*paths: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": path, "value": "1000000"} for path in paths]


def _deploy_blueprint(url: str) -> str:
    """Create the blueprint in the emulator, and return the URL of its API."""
    contenders = install_contenders(Path(sys.executable))
    dynamodb = aws.client("dynamodb", url)
    for table, key in (("blueprint", ENTITY.id_field), ("idempotency", "id")):
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        )
    iam = aws.client("iam", url)
    role = iam.create_role(RoleName="blueprint", AssumeRolePolicyDocument=json.dumps(_TRUST))
    iam.put_role_policy(
        RoleName="blueprint", PolicyName="tables", PolicyDocument=json.dumps(_PERMISSIONS)
    )
    lambda_ = aws.client("lambda", url)
    assert contenders.blueprint.packages
    layer = lambda_.publish_layer_version(
        LayerName="blueprint", Content={"ZipFile": _zip(contenders.blueprint.packages, "python")}
    )
    function = lambda_.create_function(
        FunctionName="blueprint",
        Runtime=f"python{PYTHON_VERSION}",
        Role=role["Role"]["Arn"],
        Handler="handler.handler",
        Code={"ZipFile": _zip(contenders.blueprint.path[0], "")},
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
    return _create_api(aws.client("apigateway", url), url, function)


def _create_api(gateway: Any, url: str, function: str) -> str:
    api = gateway.create_rest_api(name="blueprint")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    items = gateway.create_resource(restApiId=api, parentId=root["id"], pathPart=ENTITY.collection)[
        "id"
    ]
    method = {"restApiId": api, "resourceId": items, "httpMethod": "POST"}
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


def _measure_turn(target: _Target, numbers: Iterator[int]) -> float:
    """Return the creates per second of one turn. Each request creates a different item."""
    start = time.monotonic()
    end = start + TURN_SECONDS
    with ThreadPoolExecutor(CALLERS) as pool:
        created = sum(pool.map(lambda _: _create_until(end, target, numbers), range(CALLERS)))
    return created / (time.monotonic() - start)


def _create_until(end: float, target: _Target, numbers: Iterator[int]) -> int:
    url = urlsplit(target.url)
    connection = HTTPConnection(url.netloc)
    created = 0
    while time.monotonic() < end:
        connection.request(
            "POST",
            url.path,
            json.dumps(different_body(next(numbers))),
            {"Content-Type": "application/json", **target.headers},
        )
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != target.success:
            raise RuntimeError(f"{target.url} answered {answer.status}: {content.decode()}")
        created += 1
    connection.close()
    return created
