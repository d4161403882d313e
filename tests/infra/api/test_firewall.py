"""AWS WAF in front of the API."""

from typing import Any

from infra.api.gateway_problems import gateway_problems
from infra.spec.service import REGION, SERVICE_NAME
from tests.support.templates.synthesized import Synthesized


def rules(stack: Synthesized) -> dict[str, Any]:
    return {rule["Name"]: rule for rule in stack.one("AWS::WAFv2::WebACL")["Rules"]}


def test_only_prod_has_a_web_acl(dev: Synthesized, prod: Synthesized) -> None:
    assert [r for r in dev.resources if r.type.startswith("AWS::WAFv2::")] == []
    association = prod.one("AWS::WAFv2::WebACLAssociation")
    assert association["WebACLArn"] == "${Firewall/Acl.Arn}"
    assert association["ResourceArn"].endswith(
        "::/restapis/${Api/Rest}/stages/${Api/Rest/DeploymentStage.prod}"
    )


def test_managed_rule_groups_block(prod: Synthesized) -> None:
    groups = {
        name: rule["OverrideAction"]
        for name, rule in rules(prod).items()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert groups == {
        "AWSManagedRulesAmazonIpReputationList": {"None": {}},
        "AWSManagedRulesKnownBadInputsRuleSet": {"None": {}},
        "AWSManagedRulesCommonRuleSet": {"None": {}},
    }


def test_rules_that_valid_bodies_could_match_only_count(prod: Synthesized) -> None:
    common = rules(prod)["AWSManagedRulesCommonRuleSet"]["Statement"]["ManagedRuleGroupStatement"]
    actions = {o["Name"]: o["ActionToUse"] for o in common["RuleActionOverrides"]}
    # A body may have more than the rule's limit of 8 KiB.
    assert actions["SizeRestrictions_BODY"] == {"Count": {}}
    assert {name for name in actions if not name.endswith("_BODY")} == {"NoUserAgent_HEADER"}
    assert all(action == {"Count": {}} for action in actions.values())


def test_one_address_may_send_no_more_than_the_usage_plan_allows(prod: Synthesized) -> None:
    rule = rules(prod)["requests-per-address"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert limit["AggregateKeyType"] == "IP"
    assert limit["Limit"] == prod.stage.rate_limit * limit["EvaluationWindowSec"]
    assert rule["Action"] == {"Block": {}}
    assert rule["Priority"] == 0


def test_a_blocked_caller_gets_a_problem_document() -> None:
    (problem,) = (p for p in gateway_problems("cognito") if p.case.response_type == "WAF_FILTERED")
    assert problem.kind.status == 403


def test_blocked_requests_are_logged_without_keys_tokens_and_cursors(prod: Synthesized) -> None:
    logging = prod.one("AWS::WAFv2::LoggingConfiguration")
    name = prod.at("Firewall/Logs").properties["LogGroupName"]
    assert name == f"aws-waf-logs-{SERVICE_NAME}-prod"
    assert logging["LogDestinationConfigs"] == [
        f"arn:aws:logs:{REGION}:${{AWS::AccountId}}:log-group:{name}"
    ]
    assert logging["RedactedFields"] == [
        {"SingleHeader": {"Name": "x-api-key"}},
        {"SingleHeader": {"Name": "authorization"}},
        {"SingleHeader": {"Name": "x-amz-security-token"}},
        {"QueryString": {}},
    ]
    assert logging["LoggingFilter"]["DefaultBehavior"] == "DROP"
    samples = [r["VisibilityConfig"]["SampledRequestsEnabled"] for r in rules(prod).values()]
    assert not any(samples)
