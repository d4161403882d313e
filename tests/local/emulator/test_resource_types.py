"""Updates and deletions of the resource types that the patches add or complete."""

import json

from tests.local.emulator.probes.cloudformation import (
    BUCKET,
    FLOW_LOG,
    NETWORK,
    QUERY,
    TABLE,
    named_queries,
)
from tests.local.emulator.probes.resources import API
from tests.support.deployment.probed_emulator import ProbedEmulator


def test_a_changed_resource_is_replaced_and_a_deleted_stack_leaves_nothing(
    patched_emulator: ProbedEmulator,
) -> None:
    emulator = patched_emulator
    ec2, gateway = emulator.client("ec2"), emulator.client("apigateway")

    def existing() -> tuple[set[str], ...]:
        return (
            {address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]},
            {
                gateway["NatGatewayId"]
                for gateway in ec2.describe_nat_gateways()["NatGateways"]
                if gateway["State"] != "deleted"
            },
            {flow_log["FlowLogId"] for flow_log in ec2.describe_flow_logs()["FlowLogs"]},
            set(named_queries(emulator)),
        )

    before = existing()
    stack, old = emulator.deploy({**NETWORK, **FLOW_LOG, **QUERY, **API})
    changed = json.loads(json.dumps({**NETWORK, **FLOW_LOG, **QUERY, **API}))
    changed["Address"]["Properties"]["Tags"] = [{"Key": "a", "Value": "b"}]
    changed["FlowLog"]["Properties"]["TrafficType"] = "REJECT"
    changed["Query"]["Properties"]["QueryString"] = "SELECT 2"
    changed["Validator"]["Properties"]["ValidateRequestParameters"] = True
    _, new = emulator.deploy(changed, stack)
    assert new["Address"] != old["Address"]
    validators = gateway.get_request_validators(restApiId=new["Api"])["items"]
    assert [validator["id"] for validator in validators] == [new["Validator"]]
    added = [now - then for now, then in zip(existing(), before, strict=True)]
    assert added == [{new["Address"]}, {new["Nat"]}, {new["FlowLog"]}, {new["Query"]}]
    assert named_queries(emulator)[new["Query"]] == "SELECT 2"
    emulator.delete(stack)
    assert existing() == before


def test_a_changed_property_that_the_emulator_drops_is_applied(
    patched_emulator: ProbedEmulator,
) -> None:
    emulator = patched_emulator
    stack, ids = emulator.deploy({**TABLE, **BUCKET})
    changed = json.loads(json.dumps({**TABLE, **BUCKET}))
    changed["Table"]["Properties"]["TimeToLiveSpecification"]["AttributeName"] = "ends_at"
    rules = changed["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    rules[0]["ExpirationInDays"] = 60
    assert emulator.deploy(changed, stack)[1] == ids
    ttl = emulator.client("dynamodb").describe_time_to_live(TableName=ids["Table"])
    assert ttl["TimeToLiveDescription"]["AttributeName"] == "ends_at"
    lifecycle = emulator.client("s3").get_bucket_lifecycle_configuration(Bucket=ids["Bucket"])
    assert lifecycle["Rules"][0]["Expiration"]["Days"] == 60
