"""The deployed alarms: they change their state beyond a threshold, and notify the topic."""

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
from tests.support.entities import ENTITY, function_for, new_body
from tests.support.http.caller import Caller
from tests.support.waiting import WAITER_CONFIG, wait_until

SETTINGS = STAGES[STAGE]
PERIODS = 6
"""More periods than any alarm evaluates, including the current one."""

COPIED_PROPERTIES = (
    *("AlarmDescription", "AlarmActions", "OKActions", "TreatMissingData"),
    *("Threshold", "ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm"),
)
"""The properties of an alarm except its name and its metrics."""

Alarm = Mapping[str, Any]


@pytest.fixture(scope="module")
def deployed(service: Service) -> dict[str, Alarm]:
    """The alarms, by name without the stage's prefix."""
    prefix = f"{SETTINGS.prefix}-"
    answer = service.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)
    return {alarm["AlarmName"].removeprefix(prefix): alarm for alarm in answer["MetricAlarms"]}


def copy_of(
    alarm: Alarm, name: str, change: Callable[[Any], Any], **changes: Any
) -> dict[str, Any]:
    """Return a copy of an alarm as a resource of a template.

    Args:
        alarm: The deployed alarm.
        name: The name of the copy.
        change: Changes each metric that the alarm evaluates.
        changes: Other properties to change.
    """
    metrics = [
        {**query, "MetricStat": change(query["MetricStat"])} if "MetricStat" in query else query
        for query in alarms.metric_queries(alarm)
    ]
    copied = {key: alarm[key] for key in COPIED_PROPERTIES}
    properties = {**copied, "AlarmName": name, "Metrics": metrics, **changes}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


@contextmanager
def stack_of(service: Service, resources: Mapping[str, Any]) -> Iterator[None]:
    """Deploy a stack of resources, and delete it afterwards."""
    cloudformation = service.client("cloudformation")
    name = f"alarms-{uuid.uuid4().hex[:8]}"
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    created, deleted = map(
        cloudformation.get_waiter, ("stack_create_complete", "stack_delete_complete")
    )
    created.wait(StackName=name, WaiterConfig=WAITER_CONFIG)
    try:
        yield
    finally:
        cloudformation.delete_stack(StackName=name)
        deleted.wait(StackName=name, WaiterConfig=WAITER_CONFIG)


def put_data(service: Service, prefix: str, alarm: Alarm, data: MetricValues) -> None:
    """Write values of an alarm's metrics in every period, under a prefix of their namespace."""
    remaining = dict(data)
    for stat in (
        query["MetricStat"] for query in alarms.metric_queries(alarm) if "MetricStat" in query
    ):
        # If an alarm has the same metric of several operations or functions, one gets the data.
        values = remaining.pop(stat["Metric"]["MetricName"], None)
        if not values:
            continue
        start = time.time() // stat["Period"] * stat["Period"]
        datum = {
            "MetricName": stat["Metric"]["MetricName"],
            "Dimensions": stat["Metric"]["Dimensions"],
            "Values": [float(value) for value in values],
            "Counts": [float(count) for count in values.values()],
        }
        service.client("cloudwatch").put_metric_data(
            Namespace=f"{prefix}/{stat['Metric']['Namespace']}",
            MetricData=[
                {**datum, "Timestamp": start - ago * stat["Period"]} for ago in range(PERIODS)
            ],
        )


def with_namespace_prefix(prefix: str) -> Callable[[Any], Any]:
    """Return a change to metrics that only the test writes."""

    def change(stat: Any) -> Any:
        metric = stat["Metric"]
        return {**stat, "Metric": {**metric, "Namespace": f"{prefix}/{metric['Namespace']}"}}

    return change


def test_every_alarm_is_raised_beyond_its_threshold_but_not_at_it(
    service: Service, deployed: dict[str, Alarm]
) -> None:
    resources = {}
    for name, both in data_by_alarm(SETTINGS).items():
        for side, data in zip(("Beyond", "Within"), both, strict=True):
            put_data(service, name + side, deployed[name], data)
            resources[name + side] = copy_of(
                deployed[name],
                f"probe-{name}{side}",
                with_namespace_prefix(name + side),
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
        current: dict[str, str] = {}

        def are_decided() -> bool:
            current.update(states())
            return "INSUFFICIENT_DATA" not in current.values()

        wait_until(are_decided)
    assert current == expected
    assert {name.removesuffix("Beyond") for name in expected if "Beyond" in name} == {*deployed}


@pytest.fixture
def inbox(service: Service) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Returns all messages that the alarm topic has sent to a queue."""
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
    messages: list[dict[str, Any]] = []

    def read() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in received:
            messages.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    yield read
    sns.unsubscribe(SubscriptionArn=subscription)
    sqs.delete_queue(QueueUrl=url)


def test_the_topic_is_notified_when_dynamodb_fails_and_when_it_works_again(
    service: Service,
    call: Caller,
    deployed: dict[str, Alarm],
    inbox: Callable[[], list[dict[str, Any]]],
) -> None:
    names = (f"{function_for('POST').capitalize()}Failures", "ApiFailures")
    # The copies evaluate seconds instead of minutes.
    quick = {
        f"Quick{name}": copy_of(deployed[name], f"quick-{name}", lambda stat: {**stat, "Period": 1})
        for name in names
    }

    def alarms_in(state: str) -> set[str]:
        return {each["AlarmName"] for each in inbox() if each["NewStateValue"] == state}

    def create_items_until(state: str) -> set[int]:
        """Create items until all alarms have reported a state, and return the HTTP statuses."""
        statuses = set()

        def create_item() -> bool:
            if alarms_in(state) >= {f"quick-{name}" for name in names}:
                return True
            statuses.add(call("POST", ENTITY.path, new_body()).status)
            return False

        wait_until(create_item)
        return statuses

    with fault_proxy(service, call) as faults, stack_of(service, quick):
        create_items_until("OK")
        inbox().clear()
        faults.inject({"error": {"code": "ResourceNotFoundException"}})
        assert create_items_until("ALARM") == {500}
        assert not alarms_in("OK")
        assert all("docs/runbooks.md#" in each["AlarmDescription"] for each in inbox())
        faults.clear()
        assert create_items_until("OK") == {201}
