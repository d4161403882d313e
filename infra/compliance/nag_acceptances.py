"""The findings of cdk-nag that we accept, each with the reason.

An acceptance is for one rule and for one resource or one resource type; a type is named only
where the reason holds for whatever of that type may come. Where the stages differ, it says for
which it is. One that accepts nothing fails the synthesis (infra/compliance/plugin.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.spec.routes import FUNCTIONS, ROUTES, Function, Route
from infra.spec.stages import STAGES, Stage


@dataclass(frozen=True)
class Acceptance:
    """A finding, or several alike, that need no mending.

    Args:
        rule: The rule's id; where the rule has details, with the one that is accepted.
        where: The construct path of a resource within the stack, or a CloudFormation type.
        reason: Why, for somebody who reviews the stack.
        when: In which stages there is such a finding.
    """

    rule: str
    where: str
    reason: str
    when: Callable[[Stage], bool] = lambda _: True


def _of_function(function: Function) -> tuple[Acceptance, ...]:
    """What is accepted for each function of the table of routes."""
    construct = function.capitalize()
    return (
        Acceptance(
            "AwsSolutions-IAM5[Resource::*]",
            f"{construct}/Role",
            "X-Ray's and EC2's actions for traces and network interfaces take no resource, and"
            " those on network interfaces are denied to the function's own code. A test allows"
            " this resource for these actions only. https://docs.aws.amazon.com/"
            "service-authorization/latest/reference/list_awsx-ray.html",
        ),
        Acceptance(
            f"AwsSolutions-IAM5[Resource::<ArchiveLogsF0A88138.Arn>/logs/function={function}/*]",
            f"{construct}/Role",
            "The objects of the function's own prefix, whose names hold time and request.",
        ),
        Acceptance(
            "NIST.800.53.R5-LambdaDLQ",
            f"{construct}/Function",
            "API Gateway invokes it and waits for the answer; Lambda hands only asynchronous"
            " invocations to a dead-letter queue.",
        ),
    )


def _of_job(route: Route, name: str) -> Acceptance:
    """What is accepted for a route on one job, where the stage ``name`` has its own policies."""
    return Acceptance(
        f"AwsSolutions-IAM5[Resource::arn:aws:execute-api:us-east-1:<AWS::AccountId>:"
        f"<ApiRest4DEC74FE>/{name}/{route.method}{route.any_path}]",
        f"Authorization/{route.access.capitalize()}Jobs",
        "The last part of the path is the job's id. The method and the rest are one route's.",
        when=lambda stage: (stage.authorization, stage.name) == ("iam", name),
    )


_BY_ACCOUNT = "Api/Rest/CloudWatchRole"
_MAKERS: Mapping[str, Callable[[Stage], bool]] = {
    "Parameters/CursorKeyMaker": lambda _: True,
    "Authorization/UserPool/MachineClientMaker": lambda stage: (
        stage.authorization == "cognito" and stage.user_pool_arn is None
    ),
}
"""The functions behind custom resources, and which stages have them."""

ACCEPTED = (
    *(acceptance for function in FUNCTIONS for acceptance in _of_function(function)),
    # The API.
    Acceptance(
        "AwsSolutions-APIG4",
        "AWS::ApiGateway::Method",
        "A stage for development holds no data of value. Every method asks for an API key (a test"
        " holds it to that), which can be withdrawn, and whose usage plan limits rate and quota.",
        when=lambda stage: stage.authorization == "api-key",
    ),
    Acceptance(
        "AwsSolutions-COG4",
        "AWS::ApiGateway::Method",
        "A key is enough for a stage for development; where callers are inside AWS, IAM knows"
        " them, and they need no second identity.",
        when=lambda stage: stage.authorization != "cognito",
    ),
    *(_of_job(route, name) for route in ROUTES if route.path_parameters for name in STAGES),
    Acceptance(
        "AwsSolutions-APIG3",
        "AWS::ApiGateway::Stage",
        "A stage for development holds no data of value, and WAF is billed by the month.",
        when=lambda stage: not stage.has_web_acl,
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWAssociatedWithWAF",
        "AWS::ApiGateway::Stage",
        "A stage for development holds no data of value, and WAF is billed by the month.",
        when=lambda stage: not stage.has_web_acl,
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWCacheEnabledAndEncrypted",
        "AWS::ApiGateway::Stage",
        "All that is cached is encrypted; only what the table of routes says is cached, since"
        " the answer to a write never must be.",
    ),
    Acceptance(
        "NIST.800.53.R5-APIGWSSLEnabled",
        "AWS::ApiGateway::Stage",
        "A client certificate tells an HTTP backend that API Gateway calls. The backends are"
        " functions, which IAM lets only this API call.",
    ),
    Acceptance(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/"
        "AmazonAPIGatewayPushToCloudWatchLogs]",
        _BY_ACCOUNT,
        "One role writes the logs of all APIs of account and region, and this is the policy that"
        " API Gateway asks for. https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "set-up-logging.html",
        when=lambda stage: stage.api_gateway_account,
    ),
    # The functions.
    Acceptance(
        "AwsSolutions-L1",
        "AWS::Lambda::Function",
        "The runtime is one that AWS maintains. The layer ships bytecode of exactly this version,"
        " with which it is measured and tested; a newer one is a change of its own.",
    ),
    Acceptance(
        "NIST.800.53.R5-LambdaConcurrency",
        "AWS::Lambda::Function",
        "The usage plan limits what reaches the functions. A reservation would take from every"
        " other function of the account, and turn callers away within their limits.",
    ),
    *(
        acceptance
        for maker, when in _MAKERS.items()
        for acceptance in (
            Acceptance(
                "NIST.800.53.R5-LambdaDLQ",
                maker,
                "CloudFormation waits for its answer, and the stack fails without one: nothing is"
                " lost that a queue could keep.",
                when=when,
            ),
            Acceptance(
                "NIST.800.53.R5-LambdaInsideVPC",
                maker,
                "It talks to services of AWS only, by TLS, and runs when the network may not be"
                " there yet, or no longer.",
                when=when,
            ),
        )
    ),
    Acceptance(
        "NIST.800.53.R5-IAMNoInlinePolicy",
        "AWS::IAM::Role",
        "A role's permissions are part of it, so that no other identity can be given them, and"
        " none outlive it. There are no users, and no groups.",
    ),
    # Data.
    Acceptance(
        "NIST.800.53.R5-DynamoDBInBackupPlan",
        "Table/Jobs",
        "Point-in-time recovery restores any second of the last 35 days; prod's table is"
        " protected against deletion besides.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Archive/Logs",
        "A copy of lines that CloudWatch Logs has too. The service lives in one region, and so"
        " does what it says of itself.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Archive/AccessLogs",
        "S3 delivers access logs without a promise of completeness; a second region would not"
        " make them a record. CloudTrail's data events would.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketReplicationEnabled",
        "Catalog/Results",
        "What Athena answered, deleted after days; the lines it was read from are kept.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketVersioningEnabled",
        "Catalog/Results",
        "Athena writes each answer once, under a name of its own.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3BucketVersioningEnabled",
        "Archive/AccessLogs",
        "S3's log delivery writes each object once, and nobody else may write.",
    ),
    Acceptance(
        "NIST.800.53.R5-S3DefaultEncryptionKMS",
        "Archive/AccessLogs",
        "Encrypted with keys of S3. Log delivery cannot write under the KMS key that AWS manages."
        " https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
        "enable-server-access-logging.html",
    ),
    Acceptance(
        "NIST.800.53.R5-CloudWatchLogGroupEncrypted",
        "AWS::Logs::LogGroup",
        "CloudWatch Logs encrypts every group with keys of its own. Bodies, API keys, tokens and"
        " cursors are in no line (tests look), so no key of ours has anything more to protect."
        " https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html",
    ),
    # The network.
    Acceptance(
        "NIST.800.53.R5-VPCDefaultSecurityGroupClosed",
        "Network/Vpc",
        "Nothing is in the default group: a test wants a group of our own for whatever joins the"
        " VPC. CloudFormation cannot empty it, and a function that may would be one more.",
    ),
    *(
        Acceptance(
            "NIST.800.53.R5-VPCNoUnrestrictedRouteToIGW",
            f"Network/Vpc/PublicSubnet{zone}/DefaultRoute",
            "The way out of the NAT gateways, which are alone in the public subnets; nothing"
            " there gets a public address by itself.",
        )
        for zone in (1, 2)
    ),
)
