"""The edits of the layer's packages, which the packages' users do not notice."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from infra.bundling import sdk_sources
from infra.bundling.layer_content import build_layer
from infra.bundling.source_edits import import_late, keep_elements, replace
from infra.spec.paths import BUILD
from tests.support.lambda_variables import LAMBDA_VARIABLES

ATTRIBUTES = """
import importlib, json, sys
sys.path[:0] = json.loads(sys.argv[1])
names = json.loads(sys.argv[2])
modules = {module: importlib.import_module(module) for module in names}
# A package has a submodule as an attribute once somebody has imported the submodule.
print(json.dumps({
    module: [name for name in names[module] or dir(loaded)
             if hasattr(loaded, name) and f"{module}.{name}" not in sys.modules]
    for module, loaded in modules.items()
}))
"""
HANDLERS = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
import boto3.session
emitter = boto3.session.Session().events
print(json.dumps({
    event: [
        getattr(handler, "__qualname__", type(handler).__name__)
        for handler in emitter._emitter._handlers.prefix_search(emitter._alias_event_name(event))
    ]
    for event in json.loads(sys.argv[2])
}))
"""
EVENTS = (
    *("after-call", "before-call", "before-endpoint-resolution", "before-parameter-build"),
    *("before-parse", "before-send", "before-sign", "choose-signer", "creating-client-class"),
    *("getattr", "needs-retry", "provide-client-params", "request-created"),
)
OPERATIONS = {
    "dynamodb": ("PutItem", "Query"),
    "s3": ("PutObject", "UploadPart", "ListObjectsV2", "GetBucketLocation"),
    "ssm": ("GetParameter",),
    "sts": ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "GetCallerIdentity"),
}
RARE_FEATURES = """
import json, os, sys
sys.path[:0] = json.loads(sys.argv[1])
import boto3.session
import fastjsonschema
import urllib3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.buffer import LoggerBufferConfig
from aws_xray_sdk.core import xray_recorder
from botocore.config import Config

results = {}
session = boto3.session.Session()
# Starts a process.
results["credentials"] = session.get_credentials().get_frozen_credentials()
# Sends events to a port.
results["waiters"] = session.client("dynamodb").waiter_names
session.client("dynamodb", config=Config(retries={"mode": "adaptive"}))
for variable in ("", "HTTPS_PROXY", "https_proxy", "NO_PROXY"):
    if variable:
        os.environ[variable] = "*" if variable == "NO_PROXY" else "http://127.0.0.1:9"
    client = session.client("dynamodb")
    results["proxy", variable] = client._endpoint.http_session._proxy_config.proxy_url_for(
        client.meta.endpoint_url)
results["form"] = urllib3.encode_multipart_formdata({"file": ("a.txt", "text")}, boundary="b")
try:
    fastjsonschema.compile({"type": "object", "required": ["a"]})({})
except fastjsonschema.JsonSchemaValueException as error:
    results["invalid"] = error.message
os.environ["_X_AMZN_TRACE_ID"] = "Root=1-2"
logger = Logger("buffered", buffer_config=LoggerBufferConfig(), datefmt="now")
logger.debug("held back")
logger.flush_buffer()
xray_recorder.configure(dynamic_naming="*.example.org", plugins=("ECSPlugin",), sampling=False)
results["naming"] = type(xray_recorder.dynamic_naming).__name__
print(json.dumps([[str(key), str(value)] for key, value in results.items()]))
"""


@pytest.fixture(scope="module")
def layer() -> Path:
    return build_layer(BUILD) / "python"


def whole_packages() -> Path:
    """Return the folder with the packages of this environment."""
    botocore = find_spec("botocore")
    assert botocore
    assert botocore.origin
    return Path(botocore.origin).parent.parent


def run(program: str, packages: Path, argument: object = None, **variables: str) -> list[Any]:
    """Run a program with only ``packages`` on its path, and return the lines that it prints."""
    command = [sys.executable, "-I", "-S", "-B", "-c", program, json.dumps([str(packages)])]
    process = subprocess.run(
        [*command, json.dumps(argument)],
        env={**LAMBDA_VARIABLES, "POWERTOOLS_SERVICE_NAME": "test", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return [json.loads(line) for line in process.stdout.splitlines()]


def test_an_edited_module_has_every_attribute_that_it_had(layer: Path) -> None:
    modules: dict[str, list[str]] = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): []
        for name in sdk_sources.EDITED
    }
    (whole,) = run(ATTRIBUTES, whole_packages(), modules)
    (edited,) = run(ATTRIBUTES, layer, whole)
    assert len(edited) > 20
    assert edited == whole


def test_the_clients_of_the_edited_sdk_have_the_same_event_handlers(layer: Path) -> None:
    events = [
        f"{event}.{service}.{operation}"
        for event in EVENTS
        for service, operations in OPERATIONS.items()
        for operation in operations
    ]
    (whole,), (edited,) = (run(HANDLERS, folder, events) for folder in (whole_packages(), layer))
    assert edited == whole
    assert sum(map(len, edited.values())) > 100


def test_rarely_used_features_of_the_packages_work(layer: Path, tmp_path: Path) -> None:
    credentials = {"Version": 1, "AccessKeyId": "id", "SecretAccessKey": "key"}
    (tmp_path / "credentials.json").write_text(json.dumps(credentials))
    (tmp_path / "config").write_text(
        f"[default]\ncredential_process = cat {tmp_path / 'credentials.json'}\n"
    )
    variables = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_CSM_ENABLED": "true",
        # Credentials in variables would come first.
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "PATH": "/usr/bin:/bin",
    }
    whole, edited = (
        run(RARE_FEATURES, folder, **variables) for folder in (whole_packages(), layer)
    )
    results = dict(edited[-1])
    assert "access_key='id'" in results["credentials"]
    assert results["('proxy', 'HTTPS_PROXY')"] == "http://127.0.0.1:9"
    assert results["('proxy', '')"] == results["('proxy', 'NO_PROXY')"] == "None"
    assert edited[-1] == whole[-1]
    assert [line["message"] for line in edited[:-1]] == ["held back"]


def test_a_missing_late_import_is_an_error() -> None:
    with pytest.raises(LookupError, match=r"nothing is imported from importlib\.metadata any more"):
        import_late("import typing\n", ("importlib.metadata",))


def test_an_import_moves_into_the_functions_that_use_it() -> None:
    source = "from shelf import book\n\ndef read():\n    return book()\n\ndef rest(): pass\n"
    late = import_late(source, ("shelf",))
    assert late.startswith(
        "\ndef read():\n    from shelf import book\n    return book()\n\ndef rest(): pass\n"
    )


def test_only_the_named_imports_move() -> None:
    source = "from shelf import book, pen as biro\n\ndef write():\n    return biro(book)\n"
    late = import_late(source, ("shelf.pen",))
    assert late.startswith(
        "from shelf import book\n\ndef write():\n    from shelf import pen as biro\n"
    )


def test_a_moved_import_stays_an_attribute_of_the_module() -> None:
    late = import_late("import json\nfrom math import pi as number\n", ("json", "math"))
    module: dict[str, Any] = {"__name__": "shelf"}
    exec(late, module)
    assert "json" not in module
    assert module["__getattr__"]("json") is json
    assert round(module["__getattr__"]("number"), 2) == 3.14
    with pytest.raises(AttributeError, match="module 'shelf' has no attribute 'pen'"):
        module["__getattr__"]("pen")


def test_an_import_moves_before_the_block_whose_handler_uses_it() -> None:
    source = "from json import JSONDecodeError\n\ndef read():\n    try:\n        pass\n"
    late = import_late(f"{source}    except JSONDecodeError:\n        pass\n", ("json",))
    assert "    from json import JSONDecodeError\n    try:\n" in late


@pytest.mark.parametrize(
    "use",
    ["pen = book\n", "def read(page=book): pass\n", "@book\ndef read(): pass\n", "a: book = 1\n"],
)
def test_an_import_that_is_used_outside_functions_is_an_error(use: str) -> None:
    with pytest.raises(LookupError, match="used outside functions: book"):
        import_late(f"from shelf import book\n{use}", ("shelf",))


def test_annotations_that_nothing_evaluates_do_not_keep_an_import() -> None:
    source = "from __future__ import annotations\nfrom shelf import book\n"
    late = import_late(f"{source}def read(page: book) -> book: pass\n", ("shelf",))
    assert late.startswith("from __future__ import annotations\ndef read(page: book)")


def test_a_missing_text_to_replace_is_an_error() -> None:
    with pytest.raises(LookupError, match="does not contain once: import this"):
        replace("import that\n", (("import this\n", ""),))


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("ROWS = [\n    ('a', 1),\n    ('b', 2),\n]\n", "ROWS = [\n    ('b', 2),\n]\n"),
        ("ROWS = {\n    'x': 'a',\n    'y':\n    'b',\n}\n", "ROWS = {\n    'y':\n    'b',\n}\n"),
    ],
)
def test_only_some_elements_are_kept(source: str, kept: str) -> None:
    assert keep_elements(source, "ROWS", lambda text: text != "a") == kept


def test_a_missing_list_is_an_error() -> None:
    with pytest.raises(LookupError, match="there is no list or dictionary ROWS any more"):
        keep_elements("LINES = []\n", "ROWS", bool)
