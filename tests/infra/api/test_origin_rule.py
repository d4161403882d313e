"""The AWS WAF rule of a stage with several origins."""

from tests.support.templates.synthesized import Properties, Synthesized


def test_with_several_origins_requests_from_other_pages_are_blocked(
    variant: Synthesized,
) -> None:
    (rule,) = _rules(variant)
    assert rule["Action"] == {"Block": {}}
    has_origin, unlisted = rule["Statement"]["AndStatement"]["Statements"]
    assert has_origin["SizeConstraintStatement"] == {
        "FieldToMatch": {"SingleHeader": {"Name": "origin"}},
        "ComparisonOperator": "GT",
        "Size": 0,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }
    listed = unlisted["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    assert [_exact_origin(statement["ByteMatchStatement"]) for statement in listed] == [
        "https://a.example.com",
        "https://b.example.com",
    ]


def _rules(stack: Synthesized) -> list[Properties]:
    acls = stack.all("AWS::WAFv2::WebACL")
    return [
        rule for acl in acls for rule in acl.properties["Rules"] if rule["Name"] == "other-origins"
    ]


def _exact_origin(match: Properties) -> str:
    assert match["FieldToMatch"] == {"SingleHeader": {"Name": "origin"}}
    assert match["PositionalConstraint"] == "EXACTLY"
    assert match["TextTransformations"] == [{"Priority": 0, "Type": "NONE"}]
    origin: str = match["SearchString"]
    return origin


def test_the_web_acl_protects_the_stage_and_allows_all_other_requests(
    variant: Synthesized,
) -> None:
    acl = variant.one("AWS::WAFv2::WebACL")
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    association = variant.one("AWS::WAFv2::WebACLAssociation")
    assert association["WebACLArn"] == "${Firewall/Acl.Arn}"
    assert association["ResourceArn"].endswith(
        "::/restapis/${Api/Rest}/stages/${Api/Rest/DeploymentStage.variant}"
    )


def test_a_single_origin_or_all_origins_need_no_origin_rule(stack: Synthesized) -> None:
    assert _rules(stack) == []
