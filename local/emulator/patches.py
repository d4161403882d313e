"""What the embedded AWS lacks for the very template that goes to AWS, and nothing else.

The emulator's CloudFormation is taught the resource types it rejects and the properties it
drops, by calling the emulator's own API for them, so that the AWS command line shows them. Its
data plane is taught the few things that the API and the functions rely on.

The tests fail for every entry that a newer emulator, or a changed template, makes unnecessary.
"""

import bisect
import functools
import importlib.util
import io
import ipaddress
import json
import os
import queue
import re
import sys
import sysconfig
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Container, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from operator import itemgetter
from pathlib import Path
from typing import Any

import airspeed
import fastjsonschema
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, router
from ministack.services import apigateway_v1, cloudwatch, cloudwatch_logs, lambda_svc, waf
from ministack.services.cloudformation import provisioners, stacks

from local import aws
from local.emulator import alarms, embedded_metrics, xray

Properties = Mapping[str, Any]
Attributes = Mapping[str, Any]
Client = Callable[[str], Any]
"""Gives a client for a service of the emulator."""


@dataclass(frozen=True)
class Lacking:
    """A resource type that the emulator rejects.

    A changed property replaces the resource: the emulator creates the new one, and deletes the
    old one once the update has succeeded.

    Args:
        type: The CloudFormation type.
        create: Creates the resource; returns its physical id (``Ref``) and its attributes.
        delete: Deletes the resource with the physical id.
    """

    type: str
    create: Callable[[Client, Properties], tuple[str, Attributes]]
    delete: Callable[[Client, str, Properties], None]


@dataclass(frozen=True)
class Dropping:
    """A resource type that the emulator provisions without some of its properties.

    Args:
        type: The CloudFormation type.
        complete: Applies the properties to the resource with the physical id, after the
            emulator has created or updated it.
    """

    type: str
    complete: Callable[[Client, str, Properties], None]


def _allocate_address(client: Client, props: Properties) -> tuple[str, Attributes]:
    address = client("ec2").allocate_address(
        Domain=props["Domain"], TagSpecifications=_tagged("elastic-ip", props)
    )
    ip = address["PublicIp"]
    return ip, {"AllocationId": address["AllocationId"], "PublicIp": ip}


def _release_address(client: Client, public_ip: str, _: Properties) -> None:
    ec2 = client("ec2")
    for address in ec2.describe_addresses()["Addresses"]:
        if address["PublicIp"] == public_ip:
            ec2.release_address(AllocationId=address["AllocationId"])


def _create_nat_gateway(client: Client, props: Properties) -> tuple[str, Attributes]:
    gateway = client("ec2").create_nat_gateway(
        SubnetId=props["SubnetId"],
        AllocationId=props["AllocationId"],
        TagSpecifications=_tagged("natgateway", props),
    )["NatGateway"]["NatGatewayId"]
    return gateway, {"NatGatewayId": gateway}


def _delete_nat_gateway(client: Client, gateway: str, _: Properties) -> None:
    client("ec2").delete_nat_gateway(NatGatewayId=gateway)


def _create_flow_log(client: Client, props: Properties) -> tuple[str, Attributes]:
    same = {name: value for name, value in props.items() if name not in ("ResourceId", "Tags")}
    (flow_log,) = client("ec2").create_flow_logs(
        ResourceIds=[props["ResourceId"]],
        TagSpecifications=_tagged("vpc-flow-log", props),
        **same,
    )["FlowLogIds"]
    return flow_log, {"Id": flow_log}


def _delete_flow_log(client: Client, flow_log: str, _: Properties) -> None:
    client("ec2").delete_flow_logs(FlowLogIds=[flow_log])


def _tagged(type_: str, props: Properties) -> list[dict[str, Any]]:
    return [{"ResourceType": type_, "Tags": props["Tags"]}] if props.get("Tags") else []


def _create_request_validator(client: Client, props: Properties) -> tuple[str, Attributes]:
    validator = client("apigateway").create_request_validator(
        restApiId=props["RestApiId"],
        name=props.get("Name", ""),
        validateRequestBody=props["ValidateRequestBody"],
        validateRequestParameters=props["ValidateRequestParameters"],
    )["id"]
    return validator, {"RequestValidatorId": validator}


def _delete_request_validator(client: Client, validator: str, props: Properties) -> None:
    client("apigateway").delete_request_validator(
        restApiId=props["RestApiId"], requestValidatorId=validator
    )


def _associate_web_acl(client: Client, props: Properties) -> tuple[str, Attributes]:
    acl, resource = props["WebACLArn"], props["ResourceArn"]
    client("wafv2").associate_web_acl(WebACLArn=acl, ResourceArn=resource)
    return f"{resource}|{acl}", {}


def _disassociate_web_acl(client: Client, association: str, _: Properties) -> None:
    client("wafv2").disassociate_web_acl(ResourceArn=association.split("|")[0])


def _accept_waf_logging(_: Client, props: Properties) -> tuple[str, Attributes]:
    return props["ResourceArn"], {}


def _forget_waf_logging(_client: Client, _acl: str, _: Properties) -> None:
    """Do nothing: there is nothing."""


def _create_named_query(client: Client, props: Properties) -> tuple[str, Attributes]:
    query = client("athena").create_named_query(**props)["NamedQueryId"]
    return query, {"NamedQueryId": query}


def _delete_named_query(client: Client, query: str, _: Properties) -> None:
    client("athena").delete_named_query(NamedQueryId=query)


LACKING = (
    # Without effect: the functions are processes of this machine, outside of every network.
    Lacking("AWS::EC2::EIP", _allocate_address, _release_address),
    Lacking("AWS::EC2::NatGateway", _create_nat_gateway, _delete_nat_gateway),
    Lacking("AWS::EC2::FlowLog", _create_flow_log, _delete_flow_log),
    # Without effect: the emulator's WAF writes no log.
    Lacking("AWS::WAFv2::LoggingConfiguration", _accept_waf_logging, _forget_waf_logging),
    # Accepted, but not created.
    Lacking(
        "AWS::ApiGateway::RequestValidator", _create_request_validator, _delete_request_validator
    ),
    Lacking("AWS::WAFv2::WebACLAssociation", _associate_web_acl, _disassociate_web_acl),
    # Known to the emulator's Athena, but not to its CloudFormation.
    Lacking("AWS::Athena::NamedQuery", _create_named_query, _delete_named_query),
)


def _complete_table(client: Client, table: str, props: Properties) -> None:
    dynamodb = client("dynamodb")
    if ttl := props.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=ttl)
    if recovery := props.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(
            TableName=table, PointInTimeRecoverySpecification=recovery
        )
    if encryption := props.get("SSESpecification"):
        dynamodb.update_table(
            TableName=table, SSESpecification={"Enabled": encryption["SSEEnabled"]}
        )


def _complete_bucket(client: Client, bucket: str, props: Properties) -> None:
    s3 = client("s3")
    if encryption := props.get("BucketEncryption"):
        s3.put_bucket_encryption(
            Bucket=bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    _encryption_rule(rule)
                    for rule in encryption["ServerSideEncryptionConfiguration"]
                ]
            },
        )
    if lifecycle := props.get("LifecycleConfiguration"):
        s3.put_bucket_lifecycle_configuration(
            Bucket=bucket,
            LifecycleConfiguration={"Rules": [_lifecycle_rule(r) for r in lifecycle["Rules"]]},
        )


def _encryption_rule(rule: Properties) -> dict[str, Any]:
    """CloudFormation's form of a rule, in the form of the S3 API."""
    default = dict(rule["ServerSideEncryptionByDefault"])
    if default["SSEAlgorithm"] == "aws:kms":
        # On AWS, this is the key that is meant when none is named.
        default.setdefault("KMSMasterKeyID", "alias/aws/s3")
    return {
        "ApplyServerSideEncryptionByDefault": default,
        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }


def _lifecycle_rule(rule: Properties) -> dict[str, Any]:
    """CloudFormation's form of a rule, in the form of the S3 API."""
    api: dict[str, Any] = {
        "ID": rule.get("Id", ""),
        "Status": rule["Status"],
        "Filter": {"Prefix": rule.get("Prefix", "")},
    }
    if days := rule.get("ExpirationInDays"):
        api["Expiration"] = {"Days": days}
    if transitions := rule.get("Transitions"):
        api["Transitions"] = [
            {"Days": t["TransitionInDays"], "StorageClass": t["StorageClass"]} for t in transitions
        ]
    for same in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if same in rule:
            api[same] = rule[same]
    return api


def _complete_method(client: Client, _: str, props: Properties) -> None:
    if validator := props.get("RequestValidatorId"):
        client("apigateway").update_method(
            restApiId=props["RestApiId"],
            resourceId=props["ResourceId"],
            httpMethod=props["HttpMethod"],
            patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": validator}],
        )


def _complete_stage(client: Client, stage: str, props: Properties) -> None:
    if settings := props.get("AccessLogSetting"):
        client("apigateway").update_stage(
            restApiId=props["RestApiId"],
            stageName=stage,
            patchOperations=[
                {"op": "replace", "path": f"/accessLogSettings/{name}", "value": settings[key]}
                for name, key in (("destinationArn", "DestinationArn"), ("format", "Format"))
            ],
        )


DROPPING = (
    # Without its validator, a method lets every body and every request through.
    Dropping("AWS::ApiGateway::Method", _complete_method),
    # Where API Gateway logs requests, and what of them.
    Dropping("AWS::ApiGateway::Stage", _complete_stage),
    # Jobs expire here too: the emulator deletes expired items once it knows the attribute.
    Dropping("AWS::DynamoDB::Table", _complete_table),
    # Objects answer with the encryption of their bucket.
    Dropping("AWS::S3::Bucket", _complete_bucket),
)


def _count_loopback_as_tls() -> None:
    """Let the buckets' TLS-only policies pass.

    The emulator speaks plain HTTP, and only on the loopback interface, where nobody listens in.
    """
    pin = app.pin_request_origin

    def pin_request_origin(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, secure_transport or ipaddress.ip_address(source_ip).is_loopback)

    app.pin_request_origin = pin_request_origin


def _judge_log_streams() -> None:
    """Judge calls on a log group against its streams, as policies for AWS are written.

    The emulator leaves the end of the ARN away, and so denies what ``<group>:*`` allows.
    """
    extract = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, *request: Any) -> str:
        arn: str = extract(service, *request)
        return f"{arn}:log-stream:" if service == "logs" and ":log-group:" in arn else arn

    iam_actions.extract_resource_arn = extract_resource_arn


def _accept_metric_math() -> None:
    """Keep alarms over expressions, which the emulator refuses."""
    record = provisioners._cw_metric_alarm_record

    def metric_alarm_record(name: str, props: Properties) -> dict[str, Any]:
        if "Metrics" not in props:
            alarm: dict[str, Any] = record(name, props)
            return alarm
        stand_in = {key: value for key, value in props.items() if key != "Metrics"}
        alarm = record(name, {**stand_in, "Namespace": "-", "MetricName": "-"})
        return {**alarm, "Namespace": None, "MetricName": None, "Metrics": props["Metrics"]}

    provisioners._cw_metric_alarm_record = metric_alarm_record


_ALARM_SECONDS = 1.0
"""How often alarms are looked at."""


_TIME = itemgetter("Timestamp")


class _InOrder(list[dict[str, Any]]):
    """A metric's values in the order of time, so that those of a period are found at once."""

    def append(self, point: dict[str, Any]) -> None:
        bisect.insort(self, point, key=_TIME)


def _evaluate_alarms() -> None:
    """Give alarms the state that CloudWatch would give them, and in time.

    The emulator takes a metric's values of all dimensions and periods together, knows neither
    expressions nor missing data, and looks only when somebody puts data: no alarm would end.
    """

    bucket = cloudwatch._metric_bucket

    def metric_bucket(key: str) -> _InOrder:
        points = bucket(key)
        if not isinstance(points, _InOrder):
            points = cloudwatch._metrics[key] = _InOrder(sorted(points, key=_TIME))
        return points

    def read(query: alarms.Query, start: float, end: float) -> alarms.Value:
        dimensions = cloudwatch._dims_from_list(query.get("Dimensions") or [])
        key = (query["Namespace"], query["MetricName"], cloudwatch._dims_key(dimensions))
        known = cloudwatch._metrics.get(key, ())
        first, last = (bisect.bisect_left(known, moment, key=_TIME) for moment in (start, end))
        points = known[first:last]
        if not points:
            return None
        value: alarms.Value = cloudwatch._stat_value(
            cloudwatch._calc_stats(points), query["Stat"], points
        )
        return value

    def evaluate(alarm: dict[str, Any]) -> None:
        before = alarm["StateValue"]
        try:
            state, reason = alarms.state(alarm, read, time.time())
        except NotImplementedError:
            return
        if state != before:
            alarm |= {
                "StateValue": state,
                "StateReason": reason,
                "StateUpdatedTimestamp": int(time.time()),
            }
            cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
            cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)

    def evaluate_all() -> None:
        for alarm in list(cloudwatch._alarms.values()):
            evaluate(alarm)

    def watch() -> None:
        while True:
            time.sleep(_ALARM_SECONDS)
            if app._MAIN_LOOP is not None:
                app._MAIN_LOOP.call_soon_threadsafe(evaluate_all)

    cloudwatch._metric_bucket = metric_bucket
    cloudwatch._evaluate_alarm = evaluate
    cloudwatch._evaluate_all_alarms = evaluate_all
    threading.Thread(target=watch, daemon=True).start()


def _extract_metrics() -> None:
    """Make metrics of the log lines that carry some (embedded metric format)."""
    append = cloudwatch_logs._append_log_events

    def append_log_events(stream: Any, events: Sequence[Mapping[str, Any]]) -> None:
        append(stream, events)
        for event in events:
            for datum in embedded_metrics.data_in(event["message"]):
                _store(datum)

    cloudwatch_logs._append_log_events = append_log_events


def _store(datum: embedded_metrics.Datum) -> None:
    values = (datum.value, None, None, None)
    cloudwatch._store_datum(
        datum.namespace, datum.name, datum.dimensions, datum.time, datum.unit, *values
    )


@dataclass
class _Call:
    """A request to an API that is being answered, and the function that answers it."""

    api: xray.Span
    function: xray.Span | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    caller: Mapping[str, str] = field(default_factory=dict)
    error: Any = None


_TRACES = xray.Traces()
_CALL: ContextVar[_Call] = ContextVar("_CALL")


def _measure_requests() -> None:
    """Record what API Gateway and Lambda themselves do for a request: metrics, and segments.

    Every request is traced: on a machine with one caller, a sample would show next to nothing.
    """
    execute = apigateway_v1._handle_execute_in_scope
    call = apigateway_v1._call_lambda_raw
    trace_id = lambda_svc._xray_trace_id_for_invocation

    async def handle_execute(api: str, stage: str, *args: Any) -> Any:
        name = apigateway_v1._rest_apis.get(api, {}).get("name", api)
        span = xray.Span(
            xray.new_trace_id(), f"{name}/{stage}", {"origin": "AWS::ApiGateway::Stage"}
        )
        token = _CALL.set(_Call(span))
        try:
            answer = await execute(api, stage, *args)
        finally:
            _CALL.reset(token)
        span.finish(answer[0])
        _TRACES.add(span.document)
        data = [
            ("Count", 1, "Count"),
            ("4XXError", 400 <= span.status < 500, "Count"),
            ("5XXError", span.status >= 500, "Count"),
            ("Latency", span.milliseconds, "Milliseconds"),
            *(("IntegrationLatency", c.milliseconds, "Milliseconds") for c in span.calls),
        ]
        for metric, value, unit in data:
            dimensions = {"ApiName": name, "Stage": stage}
            cloudwatch.record_metric("AWS/ApiGateway", metric, value, unit, dimensions)
        return answer

    async def call_lambda(reference: str, *args: Any, **kwargs: Any) -> Any:
        caller = _CALL.get()
        trace = caller.api.trace_id
        name = reference.split(":function:")[-1].split(":")[0]
        calling = xray.Span(trace, "Lambda", {"namespace": "aws"})
        service = xray.Span(trace, name, {"origin": "AWS::Lambda"}, calling.id)
        function = xray.Span(trace, name, {"origin": "AWS::Lambda::Function"}, service.id)
        caller.function = function
        caller.api.calls.append(calling)
        result, missing = await call(reference, *args, **kwargs)
        failed = missing is not None or bool(result.get("error"))
        for span in (function, service, calling):
            span.finish(HTTPStatus.BAD_GATEWAY if failed else HTTPStatus.OK)
        _TRACES.add(service.document)
        _TRACES.add(function.document)
        if missing is None and not result.get("throttle"):
            lambda_svc._emit_lambda_metrics(name, function.milliseconds, failed, throttle=False)
        return result, missing

    def trace_id_for_invocation(*args: Any) -> Any:
        caller = _CALL.get(None)
        if caller is None or caller.function is None:
            return trace_id(*args)
        return f"Root={caller.api.trace_id};Parent={caller.function.id};Sampled=1"

    apigateway_v1._handle_execute_in_scope = handle_execute
    apigateway_v1._call_lambda_raw = call_lambda
    lambda_svc._xray_trace_id_for_invocation = trace_id_for_invocation


def _log_access() -> None:
    """Write the access log that a stage asks for.

    A request gets one id in all that is told of it: the emulator gives it one for itself and
    another for the function.
    """
    handle = apigateway_v1._handle_execute_in_scope
    execute = apigateway_v1._execute_in_scope
    build = apigateway_v1._build_lambda_event_v1

    async def handle_execute(
        api: str, stage: str, method: str, path: str, headers: Any, *args: Any
    ) -> Any:
        began = time.time()
        call = _CALL.get()
        answer = await handle(api, stage, method, path, headers, *args)
        settings = (call.request.get("stage") or {}).get("accessLogSettings")
        if settings:
            (integration,) = call.api.calls or (None,)
            values = {
                "requestId": call.request["request_id"],
                "extendedRequestId": call.request["request_id"],
                "xrayTraceId": call.api.trace_id,
                "requestTimeEpoch": int(began * 1000),
                "httpMethod": method,
                "resourcePath": call.request["resource_path"],
                "path": f"/{stage}{path}",
                "status": answer[0],
                "responseLatency": int((time.time() - began) * 1000),
                "responseLength": len(answer[2]),
                "identity.sourceIp": "127.0.0.1",
                "identity.userAgent": headers.get("user-agent", "-"),
                **call.caller,
            }
            if integration:
                values["integrationLatency"] = int(integration.milliseconds)
                values["integration.status"] = integration.status
            if call.error:
                values["error.message"] = call.error.message
                values["error.responseType"] = call.error.response_type
            if key := apigateway_v1._resolve_api_key(headers.get("x-api-key")):
                values["identity.apiKeyId"] = key["id"]
            _write_access(settings, values)
        return answer

    async def execute_in_scope(request: Mapping[str, Any], *args: Any) -> Any:
        call = _CALL.get()
        call.request = request
        answer = await execute(request, *args)
        if isinstance(answer, apigateway_v1._GatewayError):
            call.error = answer
        return answer

    def build_lambda_event(*args: Any, **kwargs: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*args, **kwargs)
        call, context = _CALL.get(), event["requestContext"]
        context["requestId"] = call.request["request_id"]
        claims = context.get("authorizer", {}).get("claims", {})
        call.caller = {
            "authorizer.claims.sub": claims.get("sub") or "-",
            "identity.userArn": context["identity"].get("userArn") or "-",
        }
        return event

    apigateway_v1._handle_execute_in_scope = handle_execute
    apigateway_v1._execute_in_scope = execute_in_scope
    apigateway_v1._build_lambda_event_v1 = build_lambda_event


def _write_access(settings: Mapping[str, str], values: Mapping[str, Any]) -> None:
    def value(variable: re.Match[str]) -> str:
        return json.dumps(str(values.get(variable[1], "-")))[1:-1]

    stream = {
        "logGroupName": settings["destinationArn"].split(":log-group:")[1].removesuffix(":*"),
        "logStreamName": "access",
    }
    cloudwatch_logs._create_log_stream(stream)
    event = {
        "timestamp": values["requestTimeEpoch"],
        "message": re.sub(r"\$context\.([\w.]+)", value, settings["format"]),
    }
    cloudwatch_logs._put_log_events({**stream, "logEvents": [event]})


def _serve_x_ray() -> None:
    """Take segments where Lambda's functions look for X-Ray's daemon, and show them."""
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    _TRACES.listen(host, int(port))
    app.SERVICE_HANDLERS["xray"] = _TRACES.api
    router.SERVICE_PATTERNS["xray"] = {}


RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
"""What Lambda's Python runtime brings along besides the standard library."""


def _seal_functions() -> None:
    """Let functions import what Lambda's runtime and their layers have, and nothing else.

    The emulator runs them with its own interpreter, so a package that the layer lacks would be
    found in this project's environment, and be missed only on AWS.
    """
    stdlib = Path(sysconfig.get_path("stdlib"))
    path = [
        entry
        for entry in sys.path
        if Path(entry).suffix == ".zip"
        or (Path(entry).is_relative_to(stdlib) and Path(entry).name != "site-packages")
    ]
    runtime = Path(tempfile.mkdtemp(prefix="runtime-"))
    for package in RUNTIME_PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(package)
        origin = Path(spec.origin)
        origin = origin.parent if spec.submodule_search_locations else origin
        (runtime / origin.name).symlink_to(origin)
    lambda_runtime._PYTHON_WORKER_SCRIPT = (
        f"import sys\nsys.path[:] = {[*path, str(runtime)]!r}\n"
        + lambda_runtime._PYTHON_WORKER_SCRIPT
    )


def _unpack_layers_once() -> None:
    """Let all environments share the files of a layer, as they share its read-only mount on AWS.

    The emulator unpacks the layer for each environment, which then compiles it anew: seconds of
    work for every cold start. Here an environment's own copy only names the shared folder.
    """
    resolve = lambda_svc._resolve_layer_zip

    @functools.cache
    def unpacked(layer: bytes) -> bytes:
        folder = tempfile.mkdtemp(prefix="layer-")
        with zipfile.ZipFile(io.BytesIO(layer)) as archive:
            archive.extractall(folder)
        named = io.BytesIO()
        with zipfile.ZipFile(named, "w") as pointer:
            pointer.writestr(_SHARED, folder)
        return named.getvalue()

    def resolve_layer_zip(attachment: Any) -> bytes | None:
        layer = resolve(attachment)
        return unpacked(layer) if layer else None

    lambda_svc._resolve_layer_zip = resolve_layer_zip
    lambda_runtime._PYTHON_WORKER_SCRIPT = (
        _FOLLOW_SHARED.format(shared=_SHARED) + lambda_runtime._PYTHON_WORKER_SCRIPT
    )


_SHARED = "shared"
_FOLLOW_SHARED = """
import os
os.environ["_LAMBDA_LAYERS_DIRS"] = os.pathsep.join(
    open(os.path.join(folder, {shared!r})).read()
    for folder in os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    if folder
)
"""


def _mark_the_end_of_logs() -> None:
    """Have each line in the log of the invocation that wrote it, however busy the machine is.

    The emulator takes what it reads until there is nothing for 5 ms, or for 50 ms at first, and
    tells the rest of the next invocation. A mark after the last line needs neither pause.
    """
    drain = lambda_runtime.Worker._drain_stderr_bounded

    def drain_to_mark(worker: Any, *args: Any, **kwargs: Any) -> str:
        if not worker.config.get("Runtime", "").startswith("python"):
            text: str = drain(worker, *args, **kwargs)
            return text
        lines: list[str] = []
        deadline = time.monotonic() + _LOG_SECONDS
        while time.monotonic() < deadline:
            # Of a process that has died, there will be no mark.
            ended = not worker._stderr_thread.is_alive()
            try:
                line = worker._stderr_queue.get(timeout=0 if ended else _LOG_POLL_SECONDS)
            except queue.Empty:
                if ended:
                    break
                continue
            if line.endswith(_MARK):
                lines += [line.removesuffix(_MARK)] if line != _MARK else []
                break
            lines.append(line)
        return "\n".join(lines)

    lambda_runtime.Worker._drain_stderr_bounded = drain_to_mark
    answered = "        _real_stdout.flush()\n\nrun()\n"
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    assert script.count(answered) == 1, "the emulator's worker ends its invocations elsewhere"
    marked = f"        sys.stderr.write({_MARK!r} + chr(10))\n        sys.stderr.flush()\n"
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(answered, marked + answered)


_MARK = "\x1eend of invocation\x1e"
_LOG_SECONDS = 5
_LOG_POLL_SECONDS = 0.05


def _name_the_caller() -> None:
    """Tell functions which API key a request came with, as API Gateway does."""
    build = apigateway_v1._build_lambda_event_v1

    def build_lambda_event(*args: Any, **kwargs: Any) -> dict[str, Any]:
        event: dict[str, Any] = build(*args, **kwargs)
        value = event["headers"].get("x-api-key")
        if key := apigateway_v1._resolve_api_key(value):
            event["requestContext"]["identity"] |= {"apiKey": value, "apiKeyId": key["id"]}
        return event

    apigateway_v1._build_lambda_event_v1 = build_lambda_event


def _fill_gateway_responses() -> None:
    """Fill in the two variables of the problem documents that the emulator leaves as they are."""
    enforce = app._enforce_execute_api
    respond = apigateway_v1._gateway_error_response
    asked = ContextVar("asked", default="")

    def enforce_execute_api(
        api: str, stage: str, method: str, path: str, *args: Any, **kwargs: Any
    ) -> Any:
        asked.set(f"/{stage}{path}")
        return enforce(api, stage, method, path, *args, **kwargs)

    def gateway_error_response(error: Any, request: Mapping[str, Any]) -> tuple[int, Any, bytes]:
        status, headers, body = respond(error, request)
        for variable, value in (
            ("$context.path", asked.get()),
            (
                "$context.error.validationErrorString",
                f"[{getattr(error, 'explanation', error.message)}]",
            ),
        ):
            body = body.replace(variable.encode(), json.dumps(value)[1:-1].encode())
        return status, headers, body

    app._enforce_execute_api = enforce_execute_api
    apigateway_v1._gateway_error_response = gateway_error_response


def _deny_missing_scopes() -> None:
    """Deny access to a token without the scope of a method, where the emulator sees no token.

    AWS has a response for whom an authorizer denies access, and another for whom it does not know:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
    """
    validate = apigateway_v1._validate_cognito_authorizer

    async def validate_cognito_authorizer(authorizer: Any, method: Properties, *args: Any) -> Any:
        claims, error = await validate(authorizer, method, *args)
        if error is not None:
            anyhow, _ = await validate(authorizer, {**method, "authorizationScopes": []}, *args)
            if anyhow is not None:
                error = apigateway_v1._deny_error(explicit=False)
        return claims, error

    apigateway_v1._validate_cognito_authorizer = validate_cognito_authorizer


def _deny_through_the_api() -> None:
    """Refuse whom IAM does not allow a method with the API's own response, not the emulator's."""
    enforce = app._enforce_execute_api
    denial = "AccessDeniedException"
    apigateway_v1._AUTHENTICATION_GATEWAY_ERRORS[denial] = ("ACCESS_DENIED", denial)

    def enforce_execute_api(
        api: str, stage: str, method: str, path: str, headers: Any, query: Any, **kwargs: Any
    ) -> Any:
        refused = enforce(api, stage, method, path, headers, query, **kwargs)
        if refused and b'"__type": "AccessDeniedException"' in refused[2]:
            message = json.loads(refused[2])["message"]
            error = iam_evaluator.AuthError(denial, message)
            return apigateway_v1.authentication_error_response(api, stage, error, headers, query)
        return refused

    app._enforce_execute_api = enforce_execute_api


def _explain_bad_bodies() -> None:
    """Say what is wrong with a body, where the emulator says only that something is."""
    check = apigateway_v1._check_request_validation

    def check_request_validation(
        method: Mapping[str, Any],
        api: str,
        request: Mapping[str, Any],
        headers: Mapping[str, str],
        body: bytes,
        query: Any,
    ) -> Any:
        error = check(method, api, request, headers, body, query)
        if error is not None and error.response_type == "BAD_REQUEST_BODY":
            models = method["requestModels"]
            media_type = headers.get("content-type", "").split(";")[0].strip()
            model = models.get(media_type) or models["application/json"]
            try:
                fastjsonschema.validate(apigateway_v1._model_schema(api, model), json.loads(body))
            except fastjsonschema.JsonSchemaValueException as wrong:
                error.explanation = wrong.message
            except (ValueError, RecursionError) as wrong:
                error.explanation = f"invalid JSON: {wrong}"
        return error

    apigateway_v1._check_request_validation = check_request_validation


class _FunctionFailed(Exception):
    """A function ended without an answer that API Gateway understands."""


def _answer_for_failed_functions() -> None:
    """Answer for a function that fails with the API's own 5xx response, not the emulator's."""
    read = apigateway_v1._lambda_proxy_response
    invoke = apigateway_v1._invoke_lambda_proxy_v1

    def lambda_proxy_response(result: Any) -> Any:
        response, failure = read(result)
        if failure:
            raise _FunctionFailed(failure)
        return response, failure

    async def invoke_lambda_proxy(*args: Any, **kwargs: Any) -> Any:
        try:
            return await invoke(*args, **kwargs)
        except _FunctionFailed:
            return apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")

    apigateway_v1._lambda_proxy_response = lambda_proxy_response
    apigateway_v1._invoke_lambda_proxy_v1 = invoke_lambda_proxy


@dataclass(frozen=True)
class _Headers:
    """A request's headers as API Gateway's templates see them: one that is missing is empty."""

    request: Mapping[str, Any]

    def get(self, name: str) -> str:
        return apigateway_v1._header_ci(self.request["headers"], name) or ""


def _evaluate_mock_responses() -> None:
    """Evaluate the template of a mock integration's response, which the emulator sends as it is.

    It is where a preflight chooses the origin to allow.
    """
    execute = apigateway_v1._execute_in_scope
    mock = apigateway_v1._invoke_mock_v1
    asked: ContextVar[_Headers] = ContextVar("asked")

    async def execute_in_scope(request: Mapping[str, Any], *args: Any) -> Any:
        asked.set(_Headers(request))
        return await execute(request, *args)

    def invoke_mock(integration: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, template = mock(integration)
        override: dict[str, Any] = {"header": {}}
        body = airspeed.Template(template.decode()).merge(
            {
                "input": {"params": lambda: {"header": asked.get()}},
                "context": {"responseOverride": override},
            }
        )
        status = override.get("status", status)
        return status, {**headers, **override["header"]}, body.strip().encode()

    apigateway_v1._execute_in_scope = execute_in_scope
    apigateway_v1._invoke_mock_v1 = invoke_mock


def _obey_web_acls() -> None:
    """Refuse what a rule of the stage's web ACL blocks; AWS's own groups of rules match nothing."""
    execute = apigateway_v1._execute_in_scope

    async def execute_in_scope(request: dict[str, Any], *args: Any) -> Any:
        api, stage = request["api_id"], request["stage_name"]
        rules = [
            rule
            for resource, acl in waf._associations.items()
            if resource.endswith(f"::/restapis/{api}/stages/{stage}")
            for rule in waf._resolve_local_web_acl(acl)[0]["Rules"]
        ]
        for rule in rules:
            if "Block" in rule.get("Action", {}) and _matches(rule["Statement"], request):
                request["stage"] = apigateway_v1._stages_v1[api][stage]
                return apigateway_v1._gw_error("WAF_FILTERED", "Forbidden")
        return await execute(request, *args)

    apigateway_v1._execute_in_scope = execute_in_scope


def _matches(statement: Properties, request: Mapping[str, Any]) -> bool:
    """Whether a request has what a statement of WAF looks for, if it is of a kind that we use."""

    def inspected(match: Any) -> str:
        return _Headers(request).get(match["FieldToMatch"]["SingleHeader"]["Name"])

    match statement:
        case {"AndStatement": {"Statements": parts}}:
            return all(_matches(part, request) for part in parts)
        case {"OrStatement": {"Statements": parts}}:
            return any(_matches(part, request) for part in parts)
        case {"NotStatement": {"Statement": part}}:
            return not _matches(part, request)
        case {"SizeConstraintStatement": {"ComparisonOperator": "GT", "Size": size, **rest}}:
            return len(inspected(rest)) > int(size)
        case {"ByteMatchStatement": {"PositionalConstraint": "EXACTLY", **rest}}:
            return inspected(rest) == rest["SearchString"]
    return False


PATCHES = (
    _count_loopback_as_tls,
    _judge_log_streams,
    _accept_metric_math,
    _evaluate_alarms,
    _extract_metrics,
    # Inside of what measures: it knows the request by then.
    _log_access,
    _measure_requests,
    _serve_x_ray,
    _seal_functions,
    _unpack_layers_once,
    _mark_the_end_of_logs,
    _name_the_caller,
    _fill_gateway_responses,
    _deny_missing_scopes,
    _deny_through_the_api,
    _explain_bad_bodies,
    _answer_for_failed_functions,
    _evaluate_mock_responses,
    _obey_web_acls,
)


def close(endpoint_url: str) -> None:
    """Close all gaps, in this process, before it serves.

    Args:
        endpoint_url: Where the emulator of this process will listen.
    """
    client = functools.cache(lambda service: aws.client(service, endpoint_url))
    handlers = provisioners._RESOURCE_HANDLERS
    for lacking in LACKING:
        handlers[lacking.type] = _handler(client, lacking)
    for dropping in DROPPING:
        handlers[dropping.type] = _completed(client, dropping, handlers[dropping.type])
    _let_handlers_call_the_emulator({gap.type for gap in (*LACKING, *DROPPING)})
    for patch in PATCHES:
        patch()


def _handler(client: Client, gap: Lacking) -> dict[str, Any]:
    return {
        "create": lambda _logical_id, props, _stack: gap.create(client, props),
        "delete": lambda physical_id, props: gap.delete(client, physical_id, props),
    }


def _completed(client: Client, gap: Dropping, native: Mapping[str, Any]) -> dict[str, Any]:
    def create(logical_id: str, props: Properties, stack: str) -> tuple[str, Attributes]:
        physical_id, attributes = native["create"](logical_id, props, stack)
        gap.complete(client, physical_id, props)
        return physical_id, attributes

    def update(
        physical_id: str, old: Properties, new: Properties, *where: str
    ) -> tuple[str, Attributes]:
        physical_id, attributes = native["update"](physical_id, old, new, *where)
        gap.complete(client, physical_id, new)
        return physical_id, attributes

    return {**native, "create": create, "update": update}


def _let_handlers_call_the_emulator(types: Container[str]) -> None:
    """Run the handlers of ``types`` off the event loop, which has to serve their calls."""
    native = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda type_: type_ in types or native(type_)
