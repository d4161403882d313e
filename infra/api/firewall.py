"""AWS WAF in front of the API: requests that no caller of ours would send go no further."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.api.origin_rule import refuse_other_origins
from infra.api.rest_api import LedgerApi
from infra.conventions.log_groups import log_group
from infra.spec.stages import Stage

_CREDENTIALS = ("x-api-key", "authorization", "x-amz-security-token")
"""The headers in which callers prove who they are."""

_WINDOW_SECONDS = 300
"""What WAF counts requests over unless told otherwise."""

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
_MANAGED: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (
        # A body is JSON of at most 16 KiB of parameters, checked against its schema, and stored
        # as it is: paths, markup and addresses in it are the caller's data.
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "EC2MetaDataSSRF_BODY",
        # Callers are programs, and need not introduce themselves.
        "NoUserAgent_HEADER",
    ),
}
"""The groups of rules that AWS keeps up to date, and those of their rules that only count."""


class Firewall(Construct):
    """A web ACL on the stage of the API, and the log of what it has blocked or counted."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, api: LedgerApi) -> None:
        super().__init__(scope, id_)
        rules: list[wafv2.CfnWebACL.RuleProperty] = []
        if stage.lists_origins:
            visibility = _visible("other-origins")
            rules.append(
                refuse_other_origins(stage.cors_origins, priority=0, visibility=visibility)
            )
        if stage.firewall:
            rules.append(_per_address(stage.rate_limit, len(rules)))
            for group, counted in _MANAGED.items():
                rules.append(_managed(group, counted, len(rules)))
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            name=stage.prefix,
            description="What may reach the API",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=rules,
            visibility_config=_visible(stage.prefix),
        )
        wafv2.CfnWebACLAssociation(
            self,
            "OnApi",
            resource_arn=api.api.deployment_stage.stage_arn,
            web_acl_arn=acl.attr_arn,
        )
        self._log(acl, stage)

    def _log(self, acl: wafv2.CfnWebACL, stage: Stage) -> None:
        # WAF writes to no group without this beginning.
        name = f"aws-waf-logs-{stage.prefix}"
        group = log_group(self, "Logs", stage=stage, name=name)
        logging = wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            # Without the ":*" at the end of the ARN that CloudFormation gives.
            log_destination_configs=[
                Stack.of(self).format_arn(
                    service="logs",
                    resource="log-group",
                    resource_name=name,
                    arn_format=ArnFormat.COLON_RESOURCE_NAME,
                )
            ],
            logging_filter={
                "DefaultBehavior": "DROP",
                "Filters": [
                    {
                        "Behavior": "KEEP",
                        "Requirement": "MEETS_ANY",
                        "Conditions": [
                            {"ActionCondition": {"Action": action}} for action in ("BLOCK", "COUNT")
                        ],
                    }
                ],
            },
            # Neither keys, tokens nor cursors are logged anywhere.
            redacted_fields=[
                *(
                    wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                    for name in _CREDENTIALS
                ),
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
        )
        logging.node.add_dependency(group)


def _per_address(rate_limit: int, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    # One address may use up what the usage plan grants to all of its callers, not more:
    # requests without a valid key are not counted there.
    return wafv2.CfnWebACL.RuleProperty(
        name="requests-per-address",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP",
                limit=rate_limit * _WINDOW_SECONDS,
                evaluation_window_sec=_WINDOW_SECONDS,
            )
        ),
        visibility_config=_visible("requests-per-address"),
    )


def _managed(group: str, counted: tuple[str, ...], priority: int) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=group,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule,
                        action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={}),
                    )
                    for rule in counted
                ]
                or None,
            )
        ),
        visibility_config=_visible(group),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=metric,
        # Samples show whole requests, the caller's key among them.
        sampled_requests_enabled=False,
    )
