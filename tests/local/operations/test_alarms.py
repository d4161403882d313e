"""The deployed alarms notice trouble, tell the topic, and tell it when the trouble is over."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from infra.spec.stages import STAGES
from local.deploy import STAGE
from local.emulator import alarms
from tests.support.alarm_data import MetricValues, data_by_alarm
from tests.support.deployment.fault_proxy import fault_proxy
from tests.support.deployment.service import Service
from tests.support.http.caller import Caller

SETTINGS = STAGES[STAGE]
PATIENCE = 60.0
PERIODS = 6
"""More than any alarm looks at, the present one included."""

SAME = (
    *("AlarmDescription", "AlarmActions", "OKActions", "TreatMissingData"),
    *("Threshold", "ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm"),
)
"""What an alarm has besides its name and what it watches."""

Alarm = Mapping[str, Any]


@pytest.fixture(scope="module")
def deployed(service: Service) -> dict[str, Alarm]:
    """The alarms, by their names without the stage's prefix."""
    prefix = f"{SETTINGS.prefix}-"
    answer = service.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in answer["MetricAlarms"]}


def like(alarm: Alarm, name: str, change: Callable[[Any], Any], **changed: Any) -> dict[str, Any]:
    """An alarm as a resource of a template: the same but for its name and what it watches."""
    metrics = [
        {**query, "MetricStat": change(query["MetricStat"])} if "MetricStat" in query else query
        for query in alarms.metric_queries(alarm)
    ]
    kept = {key: alarm[key] for key in SAME}
    properties = {**kept, "AlarmName": name, "Metrics": metrics, **changed}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


@contextmanager
def stack_of(service: Service, resources: Mapping[str, Any]) -> Iterator[None]:
    cloudformation = service.client("cloudformation")
    name = f"alarms-{uuid.uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    wait = {"Delay": 0.1}
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=wait)
    try:
        yield
    finally:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=wait)


def put(service: Service, side: str, alarm: Alarm, data: MetricValues) -> None:
    """Let the metrics that an alarm watches have ``data`` in every period."""
    left = dict(data)
    for stat in (
        query["MetricStat"] for query in alarms.metric_queries(alarm) if "MetricStat" in query
    ):
        # Of the same metric of several operations or functions, one has data.
        values = left.pop(stat["Metric"]["MetricName"], None)
        if not values:
            continue
        begun = time.time() // stat["Period"] * stat["Period"]
        datum = {
            "MetricName": stat["Metric"]["MetricName"],
            "Dimensions": stat["Metric"]["Dimensions"],
            "Values": [float(value) for value in values],
            "Counts": [float(count) for count in values.values()],
        }
        service.client("cloudwatch").put_metric_data(
            Namespace=f"{side}/{stat['Metric']['Namespace']}",
            MetricData=[
                {**datum, "Timestamp": begun - ago * stat["Period"]} for ago in range(PERIODS)
            ],
        )


def on_side(side: str) -> Callable[[Any], Any]:
    """Watch metrics that only this test writes."""

    def change(stat: Any) -> Any:
        metric = stat["Metric"]
        return {**stat, "Metric": {**metric, "Namespace": f"{side}/{metric['Namespace']}"}}

    return change


def test_every_alarm_is_raised_beyond_its_threshold_and_not_at_it(
    service: Service, deployed: dict[str, Alarm]
) -> None:
    resources = {}
    for name, both in data_by_alarm(SETTINGS).items():
        for side, data in zip(("Beyond", "Within"), both, strict=True):
            put(service, name + side, deployed[name], data)
            resources[name + side] = like(
                deployed[name],
                f"probe-{name}{side}",
                on_side(name + side),
                AlarmActions=[],
                OKActions=[],
            )
    expected = {name: "ALARM" if name.endswith("Beyond") else "OK" for name in resources}

    def states() -> dict[str, str]:
        answer = service.client("cloudwatch").describe_alarms(
            AlarmNamePrefix="probe-", MaxRecords=100
        )
        return {
            alarm["AlarmName"].removeprefix("probe-"): alarm["StateValue"]
            for alarm in answer["MetricAlarms"]
        }

    with stack_of(service, resources):
        deadline = time.monotonic() + PATIENCE
        while "INSUFFICIENT_DATA" in (found := states()).values():
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
    assert found == expected
    assert {name.removesuffix("Beyond") for name in expected if "Beyond" in name} == {*deployed}


@pytest.fixture
def inbox(service: Service) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the alarm topic tells a queue that is subscribed to it."""
    sqs, topic = service.client("sqs"), service.outputs["AlarmTopicArn"]
    url = sqs.create_queue(QueueName=f"alarms-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns = service.client("sns")
    subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    told: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            told.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return told

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def test_somebody_is_told_when_dynamodb_breaks_and_when_it_works_again(
    service: Service,
    call: Caller,
    deployed: dict[str, Alarm],
    inbox: Callable[[], list[dict[str, Any]]],
    pipeline: str,
) -> None:
    # Three minutes out of five become three seconds out of five; all else is as deployed.
    quick = {
        f"Quick{name}": like(deployed[name], f"quick-{name}", lambda stat: {**stat, "Period": 1})
        for name in ("CreateFailures", "ApiFailures")
    }

    def told(state: str) -> set[str]:
        return {each["AlarmName"] for each in inbox() if each["NewStateValue"] == state}

    def create_until_told(state: str) -> set[int]:
        """Create jobs until all alarms have told that they are in ``state``; the answers."""
        statuses = set()
        deadline = time.monotonic() + PATIENCE
        while not told(state) >= {f"quick-{name}" for name in ("CreateFailures", "ApiFailures")}:
            assert time.monotonic() < deadline, inbox()
            body = {"pipeline": pipeline, "input_uri": "s3://in/1"}
            statuses.add(call("POST", "/jobs", body).status)
            time.sleep(0.1)
        return statuses

    with fault_proxy(service, call) as faults, stack_of(service, quick):
        create_until_told("OK")
        inbox().clear()
        faults.inject({"error": {"code": "ResourceNotFoundException"}})
        assert create_until_told("ALARM") == {500}
        assert not told("OK")
        assert all("docs/runbooks.md#" in each["AlarmDescription"] for each in inbox())
        faults.clear()
        assert create_until_told("OK") == {201}
