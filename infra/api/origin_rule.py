"""The AWS WAF rule that blocks requests from pages of unlisted origins.

The API's functions and preflights name the request's origin if it is listed. API Gateway's own
answers cannot: a header of a gateway response is a constant or a copy from the request, and a
template only substitutes variables. So these answers repeat any origin, and WAF, which inspects a
request first, blocks the unlisted ones:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
"""

from aws_cdk.aws_wafv2 import CfnWebACL

_ORIGIN = CfnWebACL.FieldToMatchProperty(single_header={"Name": "origin"})
_UNTRANSFORMED = [CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


def other_origins_rule(
    origins: tuple[str, ...], *, priority: int, visibility: CfnWebACL.VisibilityConfigProperty
) -> CfnWebACL.RuleProperty:
    """Return the rule that blocks requests with an Origin other than ``origins``.

    Requests without an Origin pass: programs send none.

    Args:
        origins: Two or more origins.
        priority: The position of the rule in the web ACL.
        visibility: The metrics of the rule.
    """
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rate-based-example-limit-missing-header.html
    has_origin = CfnWebACL.StatementProperty(
        size_constraint_statement=CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=_ORIGIN,
            comparison_operator="GT",
            size=0,
            text_transformations=_UNTRANSFORMED,
        )
    )
    listed = CfnWebACL.StatementProperty(
        or_statement=CfnWebACL.OrStatementProperty(
            statements=[
                CfnWebACL.StatementProperty(
                    byte_match_statement=CfnWebACL.ByteMatchStatementProperty(
                        field_to_match=_ORIGIN,
                        positional_constraint="EXACTLY",
                        search_string=origin,
                        text_transformations=_UNTRANSFORMED,
                    )
                )
                for origin in origins
            ]
        )
    )
    unlisted = CfnWebACL.StatementProperty(
        not_statement=CfnWebACL.NotStatementProperty(statement=listed)
    )
    return CfnWebACL.RuleProperty(
        name="other-origins",
        priority=priority,
        action=CfnWebACL.RuleActionProperty(block={}),
        statement=CfnWebACL.StatementProperty(
            and_statement=CfnWebACL.AndStatementProperty(statements=[has_origin, unlisted])
        ),
        visibility_config=visibility,
    )
