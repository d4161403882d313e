"""Who may read the answers that API Gateway gives by itself, where several origins may."""

from tests.support.templates.synthesized import Properties, Synthesized


def test_with_several_origins_no_request_of_another_page_reaches_the_api(
    variant: Synthesized,
) -> None:
    (rule,) = _rules(variant)
    assert rule["Action"] == {"Block": {}}
    from_a_page, other = rule["Statement"]["AndStatement"]["Statements"]
    assert from_a_page["SizeConstraintStatement"] == {
        "FieldToMatch": {"SingleHeader": {"Name": "origin"}},
        "ComparisonOperator": "GT",
        "Size": 0,
        "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
    }
    listed = other["NotStatement"]["Statement"]["OrStatement"]["Statements"]
    assert [_exactly(each["ByteMatchStatement"]) for each in listed] == [
        "https://a.example.com",
        "https://b.example.com",
    ]


def _rules(stack: Synthesized) -> list[Properties]:
    acls = stack.all("AWS::WAFv2::WebACL")
    return [
        rule for acl in acls for rule in acl.properties["Rules"] if rule["Name"] == "other-origins"
    ]


def _exactly(match: Properties) -> str:
    assert match["FieldToMatch"] == {"SingleHeader": {"Name": "origin"}}
    assert match["PositionalConstraint"] == "EXACTLY"
    assert match["TextTransformations"] == [{"Priority": 0, "Type": "NONE"}]
    origin: str = match["SearchString"]
    return origin


def test_the_firewall_is_in_front_of_the_stage_and_lets_everything_else_through(
    variant: Synthesized,
) -> None:
    acl = variant.one("AWS::WAFv2::WebACL")
    assert (acl["Scope"], acl["DefaultAction"]) == ("REGIONAL", {"Allow": {}})
    bound = variant.one("AWS::WAFv2::WebACLAssociation")
    assert bound["WebACLArn"] == "${Firewall/Acl.Arn}"
    assert bound["ResourceArn"].endswith(
        "::/restapis/${Api/Rest}/stages/${Api/Rest/DeploymentStage.variant}"
    )


def test_one_origin_or_all_need_no_such_rule(stack: Synthesized) -> None:
    assert _rules(stack) == []
