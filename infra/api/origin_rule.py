"""The rule of AWS WAF by which a list of origins, and no other, may read the API's answers.

API Gateway's own answers cannot choose from a list: a header of a gateway response is a constant
or a part of the request, and its template only substitutes variables. So these answers repeat the
origin that asks, and WAF, which looks at a request before anything else does, lets none through
from an origin that is not listed:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
"""

from aws_cdk.aws_wafv2 import CfnWebACL

_ORIGIN = CfnWebACL.FieldToMatchProperty(single_header={"Name": "origin"})
_AS_IT_IS = [CfnWebACL.TextTransformationProperty(priority=0, type="NONE")]


def refuse_other_origins(
    origins: tuple[str, ...], *, priority: int, visibility: CfnWebACL.VisibilityConfigProperty
) -> CfnWebACL.RuleProperty:
    """Block what a browser sends for pages of any origin but ``origins``, two or more.

    Requests without an Origin, those of programs, pass.
    """
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rate-based-example-limit-missing-header.html
    from_a_page = CfnWebACL.StatementProperty(
        size_constraint_statement=CfnWebACL.SizeConstraintStatementProperty(
            field_to_match=_ORIGIN,
            comparison_operator="GT",
            size=0,
            text_transformations=_AS_IT_IS,
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
                        text_transformations=_AS_IT_IS,
                    )
                )
                for origin in origins
            ]
        )
    )
    other = CfnWebACL.StatementProperty(
        not_statement=CfnWebACL.NotStatementProperty(statement=listed)
    )
    return CfnWebACL.RuleProperty(
        name="other-origins",
        priority=priority,
        action=CfnWebACL.RuleActionProperty(block={}),
        statement=CfnWebACL.StatementProperty(
            and_statement=CfnWebACL.AndStatementProperty(statements=[from_a_page, other])
        ),
        visibility_config=visibility,
    )
