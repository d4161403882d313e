"""The accepted findings of cdk-nag, each with its reason.

An acceptance is for one rule, and for one resource or one resource type. It names a type only if
the reason holds for every resource of that type. An acceptance without a finding fails the
synthesis (infra/compliance/plugin.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.spec.routes import FUNCTIONS, ROUTES, Function, Route
from infra.spec.service import REGION
from infra.spec.stages import STAGES, Stage


@dataclass(frozen=True)
class Acceptance:
    """An accepted finding, or several findings with the same reason."""

    rule: str
    """The rule's id, with the accepted detail in brackets if the rule has details."""

    where: str
    """The construct path of a resource within the stack, or a CloudFormation type."""

    reason: str
    """The reason, for a reviewer of the stack."""

    when: Callable[[Stage], bool] = lambda _: True
    """True for the stages that have the finding."""


def _function_acceptances(function: Function) -> tuple[Acceptance, ...]:
    """Return the acceptances for a function of the table of routes."""
    construct = function.capitalize()
    return (
        Acceptance(
            "AwsSolutions-IAM5[Resource::*]",
            f"{construct}/Role",
            "The actions of X-Ray and EC2 for traces and network interfaces support no resources,"
            " and the role denies those on network interfaces to the function's own code. A test"
            " allows this resource for these actions only. https://docs.aws.amazon.com/"
            "service-authorization/latest/reference/list_awsx-ray.html",
        ),
        Acceptance(
            f"AwsSolutions-IAM5[Resource::<ArchiveLogsF0A88138.Arn>/logs/function={function}/*]",
            f"{construct}/Role",
            "The objects below the function's own prefix, whose names hold time and request id.",
        ),
        Acceptance(
            "NIST.800.53.R5-LambdaDLQ",
            f"{construct}/Function",
            "API Gateway invokes the function and waits for its answer; Lambda sends only"
            " asynchronous invocations to a dead-letter queue.",
        ),
    )


def _policy_acceptance(route: Route, stage_name: str) -> Acceptance:
    """Return the acceptance for the callers' IAM policy for a route with path parameters."""
    return Acceptance(
        f"AwsSolutions-IAM5[Resource::arn:aws:execute-api:{REGION}:<AWS::AccountId>:"
        f"<ApiRest4DEC74FE>/{stage_name}/{route.method}{route.any_path}]",
        f"Authorization/{route.access.capitalize()}{route.entity.plural_type_name}",
        "The last part of the path is the item's id. The method and the rest are one route's.",
        when=lambda stage: (stage.authorization, stage.name) == ("iam", stage_name),
    )


_SECRET_FUNCTIONS: Mapping[str, Callable[[Stage], bool]] = {
    "Parameters/CursorKeyMaker": lambda _: True,
    "Workers/ApiKeyMaker": lambda _: True,
    "Authorization/UserPool/MachineClientMaker": lambda stage: (
        stage.authorization == "cognito" and stage.user_pool_arn is None
    ),
}
"""The functions of the custom resources, and the stages that have them."""

_FALLBACK_REASON = (
    "The method answers 404 or 405 to requests for which there is no route. It reads nothing, calls"
    " nothing, and must answer requests with any Authorization header."
)
_FALLBACK_RULES: Mapping[str, Callable[[Stage], bool]] = {
    "AwsSolutions-APIG4": lambda stage: stage.authorization != "api-key",
    "AwsSolutions-COG4": lambda stage: stage.authorization == "cognito",
}

ACCEPTANCES = (
    *(acceptance for function in FUNCTIONS for acceptance in _function_acceptances(function)),
    # The API.
    Acceptance(
        "AwsSolutions-APIG2",
        "Api/Rest",
        "Every method validates its parameters at the gateway. The functions validate the bodies:"
        " API Gateway's answer to an invalid body names no field and repeats the caller's value.",
    ),
    Acceptance(
        "AwsSolutions-APIG4",
        "AWS::ApiGateway::Method",
        "A development stage holds no data of value. Every method requires an API key (a test"
        " checks that), which can be revoked, and whose usage plan limits rate and quota.",
        when=lambda stage: stage.authorization == "api-key",
    ),
    Acceptance(
        "AwsSolutions-COG4",
        "AWS::ApiGateway::Method",
        "A key is enough for a development stage. Callers inside AWS authenticate by IAM and need"
        " no second identity.",
        when=lambda stage: stage.authorization != "cognito",
    ),
    *(
        Acceptance(rule, f"Api/Rest/Default{path}/ANY", _FALLBACK_REASON, when)
        for path in ("", "/{anything+}", *dict.fromkeys(route.path for route in ROUTES))
        for rule, when in _FALLBACK_RULES.items()
    ),
    *(
        _policy_acceptance(route, name)
        for route in ROUTES
        if route.path_parameters
        for name in STAGES
    ),
    Acceptance(
        "AwsSolutions-APIG3",
        "AWS::ApiGateway::Stage",
        "A development stage holds no data of value, and AWS bills WAF by the month.",
        when=lambda stage: not stage.has_web_acl,
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWAssociatedWithWAF",
        "AWS::ApiGateway::Stage",
        "A development stage holds no data of value, and AWS bills WAF by the month.",
        when=lambda stage: not stage.has_web_acl,
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWCacheEnabledAndEncrypted",
        "AWS::ApiGateway::Stage",
        "The whole cache is encrypted. Only some routes are cached, as the table of routes says:"
        " the answer to a write must never be.",
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWSSLEnabled",
        "AWS::ApiGateway::Stage",
        "A client certificate proves to an HTTP backend that API Gateway is calling. The backends"
        " here are functions, and IAM lets only this API invoke them.",
    ),
    Acceptance(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
        "AmazonAPIGatewayPushToCloudWatchLogs]",
        "Api/Rest/CloudWatchRole",
        "One role writes the logs of all APIs of the account and region, and API Gateway requires"
        " this policy. https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "set-up-logging.html",
        when=lambda stage: stage.api_gateway_account,
    ),
    # The functions.
    Acceptance(
        "AwsSolutions-L1",
        "AWS::Lambda::Function",
        "AWS maintains the runtime. The layer ships bytecode of exactly this version, and was"
        " measured and tested with it; a newer version is a change to be tested.",
    ),
    Acceptance(
        "NIST.800.53.R5-LambdaConcurrency",
        "AWS::Lambda::Function",
        "The usage plan limits the requests to the functions. Reserved concurrency would be taken"
        " from all other functions of the account, and reject callers within their limits.",
    ),
    *(
        acceptance
        for function, when in _SECRET_FUNCTIONS.items()
        for acceptance in (
            Acceptance(
                "NIST.800.53.R5-LambdaDLQ",
                function,
                "CloudFormation waits for the function's answer, and the stack fails without one:"
                " nothing is lost that a queue could keep.",
                when=when,
            ),
            Acceptance(
                "NIST.800.53.R5-LambdaInsideVPC",
                function,
                "The function calls only AWS services, by TLS, and runs when the network may not"
                " exist yet, or no longer exists.",
                when=when,
            ),
        )
    ),
    Acceptance(
        "NIST.800.53.R5-IAMNoInlinePolicy",
        "AWS::IAM::Role",
        "Inline permissions are part of their role: no other identity can get them, and they do"
        " not outlive the role. There are no users and no groups.",
    ),
    # Data.
    Acceptance(
        "NIST.800.53.R5-DynamoDBInBackupPlan",
        "AWS::DynamoDB::Table",
        "Point-in-time recovery restores any second of the last 35 days, and prod's tables are also"
        " protected against deletion.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Archive/Logs",
        "CloudWatch Logs has the lines too. The service and its logs are in one region.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Archive/AccessLogs",
        "S3 delivers access logs on a best-effort basis; a second region would not make them"
        " complete. CloudTrail's data events would.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Catalog/Results",
        "The results of queries expire after days; the archive keeps the lines that they were read"
        " from.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketVersioningEnabled",
        "Catalog/Results",
        "Athena writes each result once, to an object with a unique name.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketVersioningEnabled",
        "Archive/AccessLogs",
        "S3's log delivery writes each object once, and no other identity may write.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3DefaultEncryptionKMS",
        "Archive/AccessLogs",
        "S3's own keys encrypt the bucket: log delivery cannot write under the KMS key that AWS"
        " manages. https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
        "enable-server-access-logging.html",
    ),
    Acceptance(
        "NIST.800.53.R5-CloudWatchLogGroupEncrypted",
        "AWS::Logs::LogGroup",
        "CloudWatch Logs encrypts every group with its own keys. No line holds bodies, API keys,"
        " tokens or cursors (tests check that), so a KMS key would have nothing more to protect."
        " https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html",
    ),
    # The network.
    Acceptance(
        "NIST.800.53.R5-VPCDefaultSecurityGroupClosed",
        "Network/Vpc",
        "Nothing is in the default group: a test requires a group of the stack for everything that"
        " joins the VPC. CloudFormation cannot empty the default group without another function.",
    ),
    *(
        Acceptance(
            "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
            f"Network/Vpc/PublicSubnet{zone}/DefaultRoute",
            "The egress of the NAT gateways, which are alone in the public subnets; nothing else"
            " there gets a public address by default.",
            when=lambda stage: stage.has_internet,
        )
        for zone in (1, 2)
    ),
)
