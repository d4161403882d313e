"""Draws docs/architecture.svg from the synthesized templates: `make diagram`.

Every resource of the templates is part of a box, or there is no picture. What a box says is read
from the resources that it stands for; where the stages differ, it says which is which.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from html import escape
from typing import Any, NamedTuple

from infra.spec.paths import PROJECT
from infra.spec.routes import FUNCTIONS, Function, routes_of
from infra.spec.stages import STAGES

FILE = PROJECT / "docs" / "architecture.svg"

Template = Mapping[str, Any]

_STYLE = """
  svg { --page: #ffffff; --group: #f6f8fa; --box: #ffffff; --line: #d0d7de; --text: #1f2328;
        --soft: #59636e; --edge: #6e7781; --mark: #0969da; }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --group: #161b22; --box: #0d1117; --line: #30363d; --text: #e6edf3;
          --soft: #9198a1; --edge: #8b949e; --mark: #58a6ff; }
  }
  text { font-family: -apple-system, BlinkMacSystemFont, "Segoe UI", Helvetica, Arial, sans-serif;
         font-size: 12.5px; fill: var(--soft); }
  .page { fill: var(--page); stroke: var(--line); }
  .group { fill: var(--group); stroke: var(--line); }
  .box { fill: var(--box); stroke: var(--line); }
  .purpose { font-size: 12px; font-weight: 600; letter-spacing: .06em; fill: var(--mark); }
  .title { font-size: 14.5px; font-weight: 600; fill: var(--text); }
  .edge { fill: none; stroke: var(--edge); stroke-width: 1.5; marker-end: url(#tip); }
  .tip { fill: var(--edge); }
"""


class Undrawn(Exception):
    """A resource is part of no box; the message says what to do."""


class Resource(NamedTuple):
    """A resource of one template.

    Attributes:
        path: Its construct path within the stack, without the CDK's ``/Resource``.
        type: Its CloudFormation type.
        properties: Its properties.
    """

    path: str
    type: str
    properties: Mapping[str, Any]


Stack = tuple[Resource, ...]
Describe = Callable[[Stack], str]
"""Says something of a stack's resources in a few words."""


@dataclass(frozen=True)
class Box:
    """A box of the picture.

    Args:
        title: What the reader looks for.
        of: The resources that it stands for: CloudFormation types, or patterns of paths.
        lines: What it says of them.
    """

    title: str
    of: tuple[str, ...]
    lines: tuple[Describe, ...] = ()

    def has(self, resource: Resource) -> bool:
        """Whether it stands for ``resource``."""
        names = (resource.type, resource.path)
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.of)


def _always(text: str) -> Describe:
    return lambda _: text


def _count(type_: str, one: str, many: str = "") -> Describe:
    """How many resources there are of a type."""

    def describe(stack: Stack) -> str:
        number = len(_of_type(stack, type_))
        return f"{number} {one if number == 1 else many or f'{one}s'}" if number else ""

    return describe


def _of_type(stack: Stack, type_: str) -> list[Resource]:
    return [resource for resource in stack if resource.type == type_]


def _routes(function: Function) -> Iterator[Describe]:
    """The routes that a function answers, by their path."""
    for path in dict.fromkeys(route.path for route in routes_of(function)):

        def describe(stack: Stack, path: str = path) -> str:
            methods = [
                method.properties["HttpMethod"]
                for method in _of_type(stack, "AWS::ApiGateway::Method")
                if method.path.rpartition("/")[0] == f"Api/Rest/Default{path}"
                and f'"{function.capitalize()}' in json.dumps(method.properties["Integration"])
            ]
            return f"{', '.join(sorted(methods, reverse=True))} {path}" if methods else ""

        yield describe


def _may(function: Function) -> Describe:
    """What a function's role allows on the data."""

    def describe(stack: Stack) -> str:
        (role,) = [each for each in stack if each.path == f"{function.capitalize()}/Role"]
        actions = [
            action.partition(":")[2]
            for policy in role.properties["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
            for action in _many(statement["Action"])
            if action.startswith("dynamodb:")
        ]
        text = json.dumps(role.properties)
        reads = [name for name in ("config", "cursor-key") if f"/{name}" in text]
        return f"{', '.join(actions)}{'; reads ' if reads else ''}{', '.join(reads)}"

    return describe


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _reached(service: str) -> Describe:
    """Which way the functions take to a service."""

    def describe(stack: Stack) -> str:
        for endpoint in _of_type(stack, "AWS::EC2::VPCEndpoint"):
            if f'.{service}"' in json.dumps(endpoint.properties["ServiceName"]):
                return f"{endpoint.properties['VpcEndpointType'].lower()} endpoint of the VPC"
        return "through NAT"

    return describe


def _indexes(stack: Stack) -> str:
    (table,) = _of_type(stack, "AWS::DynamoDB::Table")
    names = [index["IndexName"] for index in table.properties["GlobalSecondaryIndexes"]]
    return f"indexes {', '.join(names)}"


def _cached(stack: Stack) -> str:
    (stage,) = _of_type(stack, "AWS::ApiGateway::Stage")
    seconds = {each["CacheTtlInSeconds"] for each in stage.properties["MethodSettings"]} - {0}
    return f"encrypted cache of GETs, {', '.join(map(str, sorted(seconds)))} s"


def _zones(stack: Stack) -> str:
    return f"private subnets in {len(_of_type(stack, 'AWS::EC2::Subnet')) // 2} AZs, no way in"


def _scopes(stack: Stack) -> str:
    return ", ".join(
        f"{server.properties['Identifier']}/{scope['ScopeName']}"
        for server in _of_type(stack, "AWS::Cognito::UserPoolResourceServer")
        for scope in server.properties["Scopes"]
    )


def _rules(stack: Stack) -> str:
    return ", ".join(
        rule["Name"].removeprefix("AWSManagedRules").removesuffix("RuleSet")
        for acl in _of_type(stack, "AWS::WAFv2::WebACL")
        for rule in acl.properties["Rules"]
    )


def _traced(stack: Stack) -> str:
    traced = [
        each
        for each in _of_type(stack, "AWS::Lambda::Function")
        if each.properties.get("TracingConfig", {}).get("Mode") == "Active"
    ]
    return f"API and {len(traced)} functions"


EDGE = (
    Box("AWS WAF", ("AWS::WAFv2::*",), (_count("AWS::WAFv2::WebACL", "web ACL"), _rules)),
    Box(
        "API Gateway, REST",
        ("AWS::ApiGateway::*", "Api/*/CloudWatchRole", "AWS::Lambda::Permission"),
        (
            _always("usage plan with API keys"),
            _count("AWS::ApiGateway::Model", "request model"),
            _cached,
            _count("AWS::ApiGateway::GatewayResponse", "problem document"),
        ),
    ),
    Box(
        "Cognito",
        ("Authorization/*",),
        (
            _count("AWS::Cognito::UserPool", "user pool"),
            _scopes,
            _always("clients for workers and browsers"),
        ),
    ),
)
COMPUTE = (
    *(Box(name, (f"{name.capitalize()}/*",), (*_routes(name), _may(name))) for name in FUNCTIONS),
    Box("Layer", ("Layer/*",), (_always("common: what the functions share"),)),
)
NETWORK = (
    Box(
        "VPC",
        ("Network/*",),
        (
            _zones,
            _count("AWS::EC2::NatGateway", "NAT gateway"),
            _count("AWS::EC2::VPCEndpoint", "endpoint"),
            _count("AWS::EC2::FlowLog", "flow log"),
        ),
    ),
)
DATA = (
    Box("DynamoDB: jobs", ("Table/*",), (_indexes, _reached("dynamodb"))),
    Box(
        "Parameter Store",
        ("Parameters/*",),
        (_always("config, cursor-key"), _always("key made in AWS by a function"), _reached("ssm")),
    ),
    Box(
        "S3: archive of log lines",
        ("Archive/*",),
        (_always("its access logs in a second bucket"), _reached("s3")),
    ),
    Box(
        "Athena",
        ("Catalog/*",),
        (_always("the archive as a table"), _count("AWS::Athena::NamedQuery", "query", "queries")),
    ),
)
OBSERVABILITY = (
    Box("CloudWatch Logs", ("AWS::Logs::LogGroup",), (_count("AWS::Logs::LogGroup", "group"),)),
    Box("X-Ray", (), (_traced,)),
    Box(
        "CloudWatch",
        ("AWS::CloudWatch::*",),
        (
            _count("AWS::CloudWatch::Alarm", "alarm"),
            _count("AWS::CloudWatch::Dashboard", "dashboard"),
        ),
    ),
    Box("SNS", ("Monitoring/*",), (_always("every alarm"), _count("AWS::KMS::Key", "KMS key"))),
)
# Whoever comes first has a resource: a log group is one, whatever construct it is in.
BOXES = (*OBSERVABILITY, *EDGE, *COMPUTE, *NETWORK, *DATA)


def resources(template: Template) -> Stack:
    """The resources of a synthesized template."""
    return tuple(
        Resource(
            definition["Metadata"]["aws:cdk:path"].split("/", 1)[1].removesuffix("/Resource"),
            definition["Type"],
            definition.get("Properties", {}),
        )
        for definition in template["Resources"].values()
    )


def draw(templates: Mapping[str, Template]) -> str:
    """The picture, as SVG.

    Args:
        templates: The template of each stage, by the stage's name.

    Raises:
        Undrawn: A template has a resource that is part of no box.
    """
    stacks = {stage: resources(template) for stage, template in templates.items()}
    for stack in stacks.values():
        for resource in stack:
            if not any(box.has(resource) for box in BOXES):
                raise Undrawn(
                    f"{resource.type} at {resource.path} is part of no box of the diagram: add it"
                    " to one in tools/architecture.py, and run `make diagram`."
                )
    return _Picture(stacks).drawn()


class _Area(NamedTuple):
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


_PAD, _LINE, _TITLE, _GAP, _BETWEEN = 14, 17, 34, 12, 56


class _Picture:
    """The boxes at their places, and the ways between them."""

    def __init__(self, stacks: Mapping[str, Stack]) -> None:
        self._stacks = stacks
        self._drawn: list[str] = []

    def drawn(self) -> str:
        """All of it: callers, edge, compute and data from left to right, what is seen below."""
        top = 24.0
        callers = _Area(16, 0, 116, 52)
        edge = self._place("EDGE", EDGE, callers.right + _BETWEEN, top, 238)
        network = self._network(edge.right + _BETWEEN, top)
        data = self._place("DATA", DATA, network.right + _BETWEEN, top, 268)
        bottom = max(area.bottom for area in (edge, network, data))
        watched = self._row(
            "OBSERVABILITY", OBSERVABILITY, edge.x, bottom + _BETWEEN, data.right - edge.x
        )
        callers = callers._replace(y=edge.middle - callers.height / 2)
        self._box("callers", ("over HTTPS",), callers)
        self._edge(callers.right, callers.middle, edge.x, callers.middle)
        self._edge(edge.right, edge.middle, network.x, edge.middle)
        self._edge(network.right, data.middle, data.x, data.middle)
        for area in (edge, network):
            middle = area.x + area.width / 2
            self._edge(middle, area.bottom, middle, watched.y)
        width, height = data.right + 24, watched.bottom + 24
        title = "Architecture of Job Ledger"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
                f' width="{width:g}" height="{height:g}" role="img" aria-label="{title}">',
                f"<title>{title}</title>",
                f"<style>{_STYLE}</style>",
                '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
                ' markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>',
                f'<rect class="page" x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}"'
                ' rx="10"/>',
                *self._drawn,
                "</svg>\n",
            ]
        )

    def _place(self, purpose: str, boxes: Sequence[Box], x: float, y: float, width: float) -> _Area:
        """A group with its boxes below each other."""
        found = [(box, self._lines(box)) for box in boxes if self._stages(box)]
        heights = [_height(lines) for _, lines in found]
        area = _Area(x, y, width, _TITLE + sum(heights) + _GAP * (len(found) - 1) + _PAD)
        self._group(purpose, area)
        y += _TITLE
        for (box, lines), height in zip(found, heights, strict=True):
            self._box(self._title(box), lines, _Area(x + _PAD, y, width - 2 * _PAD, height))
            y += height + _GAP
        return area

    def _network(self, x: float, y: float) -> _Area:
        """The network, with the functions inside."""
        before = len(self._drawn)
        compute = self._place("COMPUTE", COMPUTE, x + _PAD, y + _TITLE, 286)
        (vpc,) = NETWORK
        lines = self._lines(vpc)
        box = compute._replace(y=compute.bottom + _GAP, height=_height(lines))
        inside = self._drawn[before:]
        del self._drawn[before:]
        area = _Area(x, y, compute.width + 2 * _PAD, box.bottom + _PAD - y)
        self._group("NETWORK", area)
        self._drawn += inside
        self._box(vpc.title, lines, box)
        return area

    def _row(self, purpose: str, boxes: Sequence[Box], x: float, y: float, width: float) -> _Area:
        """A group with its boxes side by side."""
        found = [(box, self._lines(box)) for box in boxes if self._stages(box)]
        height = max(_height(lines) for _, lines in found)
        area = _Area(x, y, width, _TITLE + height + _PAD)
        self._group(purpose, area)
        each = (width - 2 * _PAD - _GAP * (len(found) - 1)) / len(found)
        for number, (box, lines) in enumerate(found):
            left = x + _PAD + number * (each + _GAP)
            self._box(self._title(box), lines, _Area(left, y + _TITLE, each, height))
        return area

    def _stages(self, box: Box) -> list[str]:
        """The stages that have something of a box; one without resources is in all."""
        return [
            stage
            for stage, stack in self._stacks.items()
            if not box.of or any(box.has(resource) for resource in stack)
        ]

    def _title(self, box: Box) -> str:
        stages = self._stages(box)
        return (
            box.title if len(stages) == len(self._stacks) else f"{box.title} ({', '.join(stages)})"
        )

    def _lines(self, box: Box) -> list[str]:
        stages = self._stages(box)
        lines = []
        for describe in box.lines:
            said = {stage: describe(self._stacks[stage]) for stage in stages}
            if len(set(said.values())) == 1:
                lines.append(said[stages[0]])
            elif all(text[:1].isdigit() for text in said.values()):
                numbers = [f"{text.split()[0]} ({stage})" for stage, text in said.items()]
                _, _, counted = said[stages[-1]].partition(" ")
                lines.append(f"{counted}: {', '.join(numbers)}")
            else:
                lines.append(", ".join(f"{text} ({stage})" for stage, text in said.items()))
        return [part for line in lines if line for part in _wrapped(line)]

    def _group(self, purpose: str, area: _Area) -> None:
        self._drawn += [
            _rectangle("group", area),
            f'<text class="purpose" x="{area.x + _PAD:g}" y="{area.y + 22:g}">{purpose}</text>',
        ]

    def _box(self, title: str, lines: Sequence[str], area: _Area) -> None:
        x = area.x + 12
        self._drawn += [
            _rectangle("box", area),
            f'<text class="title" x="{x:g}" y="{area.y + 22:g}">{escape(title)}</text>',
            *(
                f'<text x="{x:g}" y="{area.y + 24 + _LINE * number:g}">{escape(line)}</text>'
                for number, line in enumerate(lines, start=1)
            ),
        ]

    def _edge(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self._drawn.append(f'<path class="edge" d="M{x:g} {y:g}L{to_x:g} {to_y:g}"/>')


_LETTERS = 36


def _wrapped(line: str) -> Iterator[str]:
    """A line, at a comma in two if it is too long for a box."""
    while len(line) > _LETTERS and ", " in line[:_LETTERS]:
        head, _, _ = line[:_LETTERS].rpartition(", ")
        yield f"{head},"
        line = line[len(head) + 2 :]
    yield line


def _height(lines: Sequence[str]) -> float:
    return 34 + _LINE * len(lines)


def _rectangle(kind: str, area: _Area) -> str:
    return (
        f'<rect class="{kind}" x="{area.x:g}" y="{area.y:g}" width="{area.width:g}"'
        f' height="{area.height:g}" rx="8"/>'
    )


def main() -> None:
    """Draw what ``make synth`` has written."""
    templates = {
        name: json.loads((PROJECT / "cdk.out" / name / f"{stage.stack}.template.json").read_text())
        for name, stage in STAGES.items()
    }
    try:
        FILE.write_text(draw(templates))
    except Undrawn as undrawn:
        sys.exit(str(undrawn))
    sys.stdout.write(f"{FILE}\n")


if __name__ == "__main__":
    main()
