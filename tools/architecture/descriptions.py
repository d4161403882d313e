"""Descriptions of a stack's resources in a few words: the lines in the boxes of the diagram."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from common.crud.entity import Entity
from infra.spec.routes import Function, routes_of
from tools.architecture.resources import Stack, of_type

Description = Callable[[Stack], str]
"""Describes resources of a stack; the text is empty if there is nothing to say."""


def fixed(text: str) -> Description:
    """Describe every stack with the same text."""
    return lambda _: text


def count(type_: str, singular: str, plural: str = "") -> Description:
    """Describe the number of resources of a type."""

    def describe(stack: Stack) -> str:
        number = len(of_type(stack, type_))
        return f"{number} {singular if number == 1 else plural or f'{singular}s'}" if number else ""

    return describe


def routes(function: Function) -> Iterator[Description]:
    """Yield a description for each path that a function serves: its methods."""
    for path in dict.fromkeys(route.path for route in routes_of(function)):

        def describe(stack: Stack, path: str = path) -> str:
            methods = [
                method.properties["HttpMethod"]
                for method in of_type(stack, "AWS::ApiGateway::Method")
                if method.path.rpartition("/")[0] == f"Api/Rest/Default{path}"
                and f'"{function.capitalize()}' in json.dumps(method.properties["Integration"])
            ]
            return f"{', '.join(sorted(methods, reverse=True))} {path}" if methods else ""

        yield describe


def permissions(function: Function) -> Description:
    """Describe the DynamoDB actions and the parameters that a function's role allows."""

    def describe(stack: Stack) -> str:
        (role,) = [each for each in stack if each.path == f"{function.capitalize()}/Role"]
        # The same actions on the tables of several entities are listed once.
        actions = dict.fromkeys(
            action.partition(":")[2]
            for policy in role.properties["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in _as_list(statement["Action"])
            if action.startswith("dynamodb:")
        )
        text = json.dumps(role.properties)
        parameters = [name for name in ("config", "cursor-key") if f"/{name}" in text]
        return f"{', '.join(actions)}{'; reads ' if parameters else ''}{', '.join(parameters)}"

    return describe


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def connection(service: str) -> Description:
    """Describe how the functions reach a service."""

    def describe(stack: Stack) -> str:
        for endpoint in of_type(stack, "AWS::EC2::VPCEndpoint"):
            if f'.{service}"' in json.dumps(endpoint.properties["ServiceName"]):
                return f"{endpoint.properties['VpcEndpointType'].lower()} endpoint of the VPC"
        return "through NAT"

    return describe


def indexes(entity: Entity) -> Description:
    """Describe the indexes of an entity's table."""

    def describe(stack: Stack) -> str:
        (table,) = (each for each in stack if each.path == f"Table/{entity.plural_type_name}")
        names = [index["IndexName"] for index in table.properties["GlobalSecondaryIndexes"]]
        return f"indexes {', '.join(names)}"

    return describe


def cache(stack: Stack) -> str:
    """Describe the API's cache."""
    (stage,) = of_type(stack, "AWS::ApiGateway::Stage")
    seconds = {each["CacheTtlInSeconds"] for each in stage.properties["MethodSettings"]} - {0}
    return f"encrypted cache of GETs, {', '.join(map(str, sorted(seconds)))} s"


def subnets(stack: Stack) -> str:
    """Describe the subnets of the functions."""
    return f"private subnets in {len(of_type(stack, 'AWS::EC2::Subnet')) // 2} AZs, no way in"


def scopes(stack: Stack) -> str:
    """Describe the OAuth scopes."""
    return ", ".join(
        f"{server.properties['Identifier']}/{scope['ScopeName']}"
        for server in of_type(stack, "AWS::Cognito::UserPoolResourceServer")
        for scope in server.properties["Scopes"]
    )


def firewall_rules(stack: Stack) -> str:
    """Describe the rules of the web ACL."""
    return ", ".join(
        rule["Name"].removeprefix("AWSManagedRules").removesuffix("RuleSet")
        for acl in of_type(stack, "AWS::WAFv2::WebACL")
        for rule in acl.properties["Rules"]
    )


def tracing(stack: Stack) -> str:
    """Describe the sources of traces."""
    functions = [
        function
        for function in of_type(stack, "AWS::Lambda::Function")
        if function.properties.get("TracingConfig", {}).get("Mode") == "Active"
    ]
    return f"API and {len(functions)} functions"
