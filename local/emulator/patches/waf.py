"""WAF: evaluate the web ACL of a stage, which the emulator only stores."""

from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1, waf

from local.emulator.patches.api_request import ApiRequest


def block_request(request: ApiRequest) -> Any:
    """Return the error for a request that a rule of the stage's web ACL blocks, or None.

    AWS's managed rule groups match nothing here.
    """
    stage = f"::/restapis/{request.api_id}/stages/{request.stage}"
    rules = [
        rule
        for resource, acl in waf._associations.items()
        if resource.endswith(stage)
        for rule in waf._resolve_local_web_acl(acl)[0]["Rules"]
    ]
    for rule in rules:
        if "Block" in rule.get("Action", {}) and _matches(rule["Statement"], request):
            # The error's response is that of the stage, which is not yet known before routing.
            request.record["stage"] = apigateway_v1._stages_v1[request.api_id][request.stage]
            return apigateway_v1._gw_error("WAF_FILTERED", "Forbidden")
    return None


def _matches(statement: Mapping[str, Any], request: ApiRequest) -> bool:
    """Return whether a request matches a statement of one of the kinds that the template uses.

    https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html
    """

    def inspected_header(match: Any) -> str:
        return request.header(match["FieldToMatch"]["SingleHeader"]["Name"])

    match statement:
        case {"AndStatement": {"Statements": parts}}:
            return all(_matches(part, request) for part in parts)
        case {"OrStatement": {"Statements": parts}}:
            return any(_matches(part, request) for part in parts)
        case {"NotStatement": {"Statement": part}}:
            return not _matches(part, request)
        case {"SizeConstraintStatement": {"ComparisonOperator": "GT", "Size": size, **rest}}:
            return len(inspected_header(rest)) > int(size)
        case {"ByteMatchStatement": {"PositionalConstraint": "EXACTLY", **rest}}:
            return inspected_header(rest) == rest["SearchString"]
    return False
