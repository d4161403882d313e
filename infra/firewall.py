"""AWS WAF in front of the API, where API Gateway alone cannot tell who may read an answer.

API Gateway's own answers cannot choose from a list of origins: a header of a gateway response is
a constant or a part of the request, and its template only substitutes variables. So these answers
repeat the origin that asks, and WAF, which looks at a request before anything else does, lets
none through from an origin that is not on the list:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
"""

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.api import LedgerApi
from infra.stage import Stage

_ORIGIN = wafv2.CfnWebACL.FieldToMatchProperty(single_header={"Name": "origin"})
_AS_IT_IS = [wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


class Firewall(Construct):
    """A web ACL on the stage of the API."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, api: LedgerApi) -> None:
        super().__init__(scope, id_)
        acl = wafv2.CfnWebACL(
            self,
            "Acl",
            name=stage.prefix,
            description="What may reach the API",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            rules=[_other_origins(stage.cors_origins, priority=0)],
            visibility_config=_visible(stage.prefix),
        )
        wafv2.CfnWebACLAssociation(
            self,
            "OnApi",
            resource_arn=api.api.deployment_stage.stage_arn,
            web_acl_arn=acl.attr_arn,
        )


def _other_origins(origins: tuple[str, ...], priority: int) -> wafv2.CfnWebACL.RuleProperty:
    """Blocks what a browser sends for a page of any origin but these; there are two at least."""
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rate-based-example-limit-missing-header.html
    from_a_page = wafv2.CfnWebACL.StatementProperty(
        size_constraint_statement=wafv2.CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=_ORIGIN,
            comparison_operator="GT",
            size=0,
            text_transformations=_AS_IT_IS,
        )
    )
    listed = wafv2.CfnWebACL.StatementProperty(
        or_statement=wafv2.CfnWebACL.OrStatementProperty(
            statements=[
                wafv2.CfnWebACL.StatementProperty(
                    byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
                        field_to_match=_ORIGIN,
                        positional_constraint="EXACTLY",
                        search_string=origin,
                        text_transformations=_AS_IT_IS,
                    )
                )
                for origin in origins
            ]
        )
    )
    other = wafv2.CfnWebACL.StatementProperty(
        not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=listed)
    )
    return wafv2.CfnWebACL.RuleProperty(
        name="other-origins",
        priority=priority,
        action=wafv2.CfnWebACL.RuleActionProperty(block={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            and_statement=wafv2.CfnWebACL.AndStatementProperty(statements=[from_a_page, other])
        ),
        visibility_config=_visible("other-origins"),
    )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
