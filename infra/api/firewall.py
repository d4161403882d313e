"""AWS WAF in front of the API."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.api.origin_rule import other_origins_rule
from infra.api.rest_api import LedgerApi
from infra.conventions.log_groups import log_group
from infra.spec.stages import Stage

_CREDENTIALS = ("x-api-key", "authorization", "x-amz-security-token")
"""The headers with credentials."""

_WINDOW_SECONDS = 300
"""The default window over which WAF counts requests."""

# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html
_MANAGED_GROUPS: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": (
        # A body is JSON with up to 16 KiB of parameters, which the service validates against a
        # schema and stores unchanged: paths, markup and URLs in it are the caller's data.
        "SizeRestrictions_BODY",
        "CrossSiteScripting_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "EC2MetaDataSSRF_BODY",
        # Callers are programs, which may send no User-Agent.
        "NoUserAgent_HEADER",
    ),
}
"""The managed rule groups of AWS, and the rules in each that count requests instead of
blocking them."""


class Firewall(Construct):
    """A web ACL on the API's stage, and the log of the requests that it blocks or counts."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, api: LedgerApi) -> None:
        super().__init__(scope, id_)
        rules: list[wafv2.CfnWebACL.RuleProperty] = []
        if stage.lists_origins:
            visibility = _visibility("other-origins")
            rules.append(other_origins_rule(stage.cors_origins, priority=0, visibility=visibility))
        if stage.firewall:
            rules.append(_rate_limit_rule(stage.rate_limit, len(rules)))
            for group, counted in _MANAGED_GROUPS.items():
                rules.append(_managed_group_rule(group, counted, len(rules)))
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            name=stage.prefix,
            description="Blocks unwanted requests to the API",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=rules,
            visibility_config=_visibility(stage.prefix),
        )
        wafv2.CfnWebACLAssociation(
            self,
            "OnApi",
            resource_arn=api.rest_api.deployment_stage.stage_arn,
            web_acl_arn=acl.attr_arn,
        )
        self._add_log(acl, stage)

    def _add_log(self, acl: wafv2.CfnWebACL, stage: Stage) -> None:
        # WAF only writes to log groups with this prefix.
        name = f"aws-waf-logs-{stage.prefix}"
        group = log_group(self, "Logs", stage=stage, name=name)
        logging = wafv2.CfnLoggingConfiguration(
            self,
            "Logging",
            resource_arn=acl.attr_arn,
            # WAF rejects the ":*" at the end of the ARN that CloudFormation returns.
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
            # API keys, tokens and cursors are secret.
            redacted_fields=[
                *(
                    wafv2.CfnLoggingConfiguration.FieldToMatchProperty(single_header={"Name": name})
                    for name in _CREDENTIALS
                ),
                wafv2.CfnLoggingConfiguration.FieldToMatchProperty(query_string={}),
            ],
        )
        logging.node.add_dependency(group)


def _rate_limit_rule(rate_limit: int, priority: int) -> wafv2.CfnWebACL.RuleProperty:
    # The usage plan does not count requests without a valid key. So one address may send as many
    # requests as the plan grants to all its callers.
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
        visibility_config=_visibility("requests-per-address"),
    )


def _managed_group_rule(
    group: str, counted: tuple[str, ...], priority: int
) -> wafv2.CfnWebACL.RuleProperty:
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
        visibility_config=_visibility(group),
    )


def _visibility(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=metric,
        # Samples show whole requests, with the caller's API key.
        sampled_requests_enabled=False,
    )
