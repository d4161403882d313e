"""AWS WAF in front of the API: requests that no caller of ours would send go no further."""

from aws_cdk import aws_wafv2 as wafv2
from constructs import Construct

from infra.api import LedgerApi
from infra.origins import refuse_other_origins
from infra.stage import Stage


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
            rules=[
                refuse_other_origins(
                    stage.cors_origins, priority=0, visibility=_visible("other-origins")
                )
            ],
            visibility_config=_visible(stage.prefix),
        )
        wafv2.CfnWebACLAssociation(
            self,
            "OnApi",
            resource_arn=api.api.deployment_stage.stage_arn,
            web_acl_arn=acl.attr_arn,
        )


def _visible(metric: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True,
        metric_name=metric,
        # Samples show whole requests, the caller's key among them.
        sampled_requests_enabled=False,
    )
