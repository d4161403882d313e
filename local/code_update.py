"""Update the code of functions in a running stack without a synthesis, which takes longest.

The stack is updated by CloudFormation from its own template, in which only the objects with the
code are others: a later deployment finds no drift, unlike after a hotswap of the CDK.
"""

import ast
import io
import json
import time
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grimp

from infra.bundling.content_cache import digest, digest_files, read_files
from infra.bundling.function_code import build_code
from infra.bundling.layer_content import build_layer
from infra.spec.paths import BUILD, COMMON, FUNCTION_SOURCES, PROJECT
from local import aws
from local.errors import LocalRunError
from local.progress import Progress
from local.run_folder import RunFolder
from local.settings import Settings

LAYER = "layer"
"""The name of the layer among the names of the functions."""

WATCHED = tuple(PROJECT / name for name in ("functions", "infra", "layers"))
"""The folders whose files a deployment is made of."""

_SYNTHESIS_FILES = (
    *("app.py", "cdk.json", "tools/app.sh"),
    *("pyproject.toml", "uv.lock", "package.json", "package-lock.json"),
)
"""The files outside :data:`WATCHED` that decide the template."""

_KEY_PREFIX = "code-update/"
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Sources:
    """Digests of the sources of a deployed stack."""

    synthesis: str
    """The digest of all that decides the template, except the code of functions and layer."""
    code: dict[str, str]
    """The digests of the code, by the function's name or :data:`LAYER`."""


def read_sources(settings: Settings) -> Sources:
    """Return the digests of the sources as they are now.

    Raises:
        LocalRunError: A source has a syntax error.
    """
    _check_syntax()
    functions = sorted(path.parent for path in FUNCTION_SOURCES.glob("*/handler.py"))
    files = {path: (PROJECT / path).read_bytes() for path in map(Path, _SYNTHESIS_FILES)}
    for folder in (PROJECT / "infra", COMMON):
        for path, content in read_files(folder).items():
            files[folder.relative_to(PROJECT) / path] = content
    for path in _code_alone():
        files.pop(path.relative_to(PROJECT), None)
    names = [folder.name for folder in functions]
    return Sources(
        synthesis=digest(
            digest_files(files).encode(), *map(str.encode, (*settings.context, *names))
        ),
        code={
            LAYER: digest_files(read_files(COMMON)),
            **{folder.name: digest_files(read_files(folder)) for folder in functions},
        },
    )


def _code_alone() -> Iterator[Path]:
    """Yield the modules of the layer that decide nothing but the layer's code.

    The synthesis imports the others: for example, the API's models come from the entity.
    """
    graph = grimp.build_graph("infra", "common", cache_dir=None)
    imported = graph.find_upstream_modules("infra", as_package=True)
    for path in COMMON.rglob("*.py"):
        module = ".".join(path.relative_to(COMMON.parent).with_suffix("").parts)
        if path.name != "__init__.py" and module not in imported:
            yield path


def write_sources(run_folder: RunFolder, sources: Sources) -> None:
    """Record the sources of the deployed stack."""
    run_folder.sources_file.write_text(json.dumps(asdict(sources)))


def _read_deployed(run_folder: RunFolder) -> Sources | None:
    try:
        return Sources(**json.loads(run_folder.sources_file.read_text()))
    except FileNotFoundError:
        return None


def update_code(
    run_folder: RunFolder, progress: Progress, settings: Settings, endpoint_url: str
) -> bool:
    """Update the changed code in the running stack.

    Returns:
        False if more than code has changed, so that the stack must be synthesized.

    Raises:
        LocalRunError: A source has a syntax error, or the update failed.
    """
    deployed, sources = _read_deployed(run_folder), read_sources(settings)
    if deployed is None or deployed.synthesis != sources.synthesis:
        return False
    changed = [name for name, code in sources.code.items() if deployed.code[name] != code]
    stack = _Stack(settings.stack, endpoint_url)
    if changed and stack.has_versions:
        return False
    if changed:
        with progress.step(f"Updating the code of {', '.join(changed)}"):
            stack.update({name: (sources.code[name], build_code_of(name)) for name in changed})
            write_sources(run_folder, sources)
    return True


def build_code_of(name: str) -> Path:
    """Return the folder that a deployment uploads for a function or the layer."""
    return build_layer(BUILD) if name == LAYER else build_code(FUNCTION_SOURCES) / name


def _check_syntax() -> None:
    """Raise the first syntax error in a shorter form than that of the compiler or the CDK."""
    for folder in WATCHED:
        for path in sorted(folder.rglob("*.py")):
            try:
                ast.parse(path.read_bytes(), str(path))
            except SyntaxError as error:
                details = "".join(traceback.format_exception_only(error)).rstrip()
                raise LocalRunError("Nothing was deployed.", details=details) from error


class _Stack:
    """A stack in the emulator."""

    def __init__(self, name: str, endpoint_url: str) -> None:
        self._name = name
        self._endpoint_url = endpoint_url
        self._cloudformation = aws.client("cloudformation", endpoint_url)
        self._template = self._cloudformation.get_template(StackName=name)["TemplateBody"]

    @property
    def has_versions(self) -> bool:
        """True if new code needs a new version of the function, which only the CDK can name."""
        resources = self._template["Resources"].values()
        return any(resource["Type"] == "AWS::Lambda::Version" for resource in resources)

    def update(self, code: Mapping[str, tuple[str, Path]]) -> None:
        """Replace code.

        Args:
            code: The digest and the folder of the new code, by the function's name or LAYER.
        """
        s3, bucket = aws.client("s3", self._endpoint_url), self._asset_bucket()
        replaced = []
        for name, (code_digest, folder) in code.items():
            key = f"{_KEY_PREFIX}{name}-{code_digest}.zip"
            s3.put_object(Bucket=bucket, Key=key, Body=_zip(folder))
            content = self._content(name)
            replaced.append(content["S3Key"])
            content["S3Key"] = key
        template = f"{_KEY_PREFIX}{self._name}.template.json"
        s3.put_object(Bucket=bucket, Key=template, Body=json.dumps(self._template).encode())
        self._cloudformation.update_stack(
            StackName=self._name,
            # The template is too long for the request.
            TemplateURL=f"{self._endpoint_url}/{bucket}/{template}",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        self._wait()
        for key in replaced:
            # Those of the CDK stay, since its next deployment expects them.
            if key.startswith(_KEY_PREFIX):
                s3.delete_object(Bucket=bucket, Key=key)

    def _asset_bucket(self) -> str:
        (stack,) = self._cloudformation.describe_stacks(StackName="CDKToolkit")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        bucket: str = outputs["BucketName"]
        return bucket

    def _content(self, name: str) -> dict[str, Any]:
        """Return the part of the template that names the code of a function or the layer."""
        for resource in self._template["Resources"].values():
            properties: dict[str, Any] = resource.get("Properties", {})
            variables = properties.get("Environment", {}).get("Variables", {})
            match resource["Type"]:
                case "AWS::Lambda::LayerVersion" if name == LAYER:
                    layer_content: dict[str, Any] = properties["Content"]
                    return layer_content
                case "AWS::Lambda::Function" if variables.get("FUNCTION") == name:
                    code: dict[str, Any] = properties["Code"]
                    return code
        raise LookupError(name)

    def _wait(self) -> None:
        while True:
            (stack,) = self._cloudformation.describe_stacks(StackName=self._name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                break
            time.sleep(_POLL_SECONDS)
        if stack["StackStatus"] != "UPDATE_COMPLETE":
            raise LocalRunError(
                f"The update of {self._name} failed.", details=stack.get("StackStatusReason", "")
            )


def _zip(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()
