"""The edits of the layer's packages: imports that move, texts that are replaced."""

from pathlib import Path

from infra.bundling.source_edits import import_late, keep_elements, replace

SERVICES = ("dynamodb", "s3", "ssm", "sts")
"""The services whose data is kept; clients of others cannot be created."""

_LATE_IMPORTS = {
    # Documentation of clients, which imports an HTML parser.
    "botocore/docs/__init__.py": ("botocore.docs.service",),
    "botocore/docs/docstring.py": (
        "botocore.docs.bcdoc.restdoc",
        "botocore.docs.method",
        "botocore.docs.paginator",
        "botocore.docs.waiter",
    ),
    # XML is the format of S3 and STS, and of no answer to a request.
    "botocore/compat.py": (
        "xml.etree.ElementTree",
        # These are only for other modules, which import them from here.
        "botocore.vendored.six",
        "dateutil.tz",
        "shlex",
    ),
    "botocore/parsers.py": ("botocore.compat.ETree", "botocore.compat.XMLParseError"),
    "botocore/response.py": ("botocore.compat.XMLParseError",),
    "botocore/serialize.py": ("calendar", "xml.etree.ElementTree"),
    "botocore/handlers.py": (
        "botocore.compat.ETree",
        "botocore.compat.XMLParseError",
        "botocore.docs.utils",
        "botocore.retryhandler",
    ),
    # Times that are no Unix timestamps, and those in files of credentials.
    "botocore/auth.py": ("calendar",),
    "botocore/credentials.py": (
        "dateutil.parser",
        "dateutil.tz",
        # Credentials that another process returns, and those of a person.
        "getpass",
        "subprocess",
    ),
    "botocore/tokens.py": ("dateutil.parser", "dateutil.tz"),
    # Proxies, and credentials that are cached in files.
    "botocore/utils.py": ("dateutil.parser", "dateutil.tz", "tempfile", "urllib.request"),
    # The files of a person's AWS configuration.
    "botocore/configloader.py": ("configparser", "shlex"),
    # Waiters, paginators, other modes of retries, and monitoring by another process. Waiters,
    # paginators and the endpoints of S3's access points search with JMESPath.
    "botocore/client.py": (
        "botocore.paginate",
        "botocore.retries.adaptive",
        "botocore.waiter",
    ),
    "botocore/session.py": (
        "botocore.monitoring",
        "botocore.paginate",
        "botocore.retryhandler",
        "botocore.waiter",
    ),
    "botocore/compress.py": ("gzip",),
    "botocore/paginate.py": ("jmespath",),
    "botocore/regions.py": ("jmespath",),
    "botocore/waiter.py": ("jmespath",),
    "boto3/session.py": (".resources.factory",),
    # Gives S3's client the methods that transfer files, which import multiprocessing.
    "boto3/s3/inject.py": ("boto3.s3.transfer",),
    # Looks for the package h2, which no client of AWS needs, and imports zipfile for it.
    "urllib3/http2/__init__.py": ("importlib.metadata",),
    # Uploads of forms.
    "urllib3/__init__.py": (".filepost",),
    "urllib3/_request_methods.py": (".filepost",),
    # The logger searches events for a correlation id, and can hold lines back.
    "aws_lambda_powertools/logging/logger.py": (
        "aws_lambda_powertools.logging.buffer.cache",
        "aws_lambda_powertools.logging.buffer.functions",
        "aws_lambda_powertools.utilities",
    ),
    # Servers and other hosts than Lambda.
    "aws_xray_sdk/core/recorder.py": (
        ".models.default_dynamic_naming",
        ".plugins.utils",
        ".utils.stacktrace",
    ),
    # The generator of validators: the layer has generated ones.
    "fastjsonschema/__init__.py": (
        ".draft04",
        ".draft06",
        ".draft07",
        ".draft2019",
        ".ref_resolver",
    ),
}
"""The imports that move to the statements that use them, by file."""

_REPLACEMENTS = {
    "boto3/compat.py": (
        ("from s3transfer.manager import TransferConfig\n", ""),
        (
            "TRANSFER_CONFIG_SUPPORTS_CRT = hasattr(TransferConfig, 'UNSET_DEFAULT')\n",
            """\
def __getattr__(name):
    if name not in ('TransferConfig', 'TRANSFER_CONFIG_SUPPORTS_CRT'):
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    from s3transfer.manager import TransferConfig
    if name == 'TransferConfig':
        return TransferConfig
    return hasattr(TransferConfig, 'UNSET_DEFAULT')
""",
        ),
    ),
    # A session of boto3 loads transfers and resources at their first use. Without this, it takes a
    # tenth of a cold start more than one of botocore.
    "boto3/session.py": (
        (
            """\
        self.resource_factory = ResourceFactory(
            self._session.get_component('event_emitter')
        )
""",
            "",
        ),
        (
            "    def __repr__(self):\n",
            """\
    def __getattr__(self, name):
        if name != 'resource_factory':
            raise AttributeError(name)
        self.resource_factory = ResourceFactory(
            self._session.get_component('event_emitter')
        )
        return self.resource_factory

    def __repr__(self):
""",
        ),
    ),
    "botocore/compat.py": (
        (
            "XMLParseError = ETree.ParseError\n",
            "from xml.etree.ElementTree import ParseError as XMLParseError\n",
        ),
    ),
    # The class that gets no prompter from here asks getpass for one.
    "botocore/credentials.py": (
        ("load_config, popen=subprocess.Popen):\n", "load_config, popen=None):\n"),
        ("        p = self._popen(\n", "        p = (self._popen or subprocess.Popen)(\n"),
        ("        prompter=getpass.getpass,\n", "        prompter=None,\n"),
    ),
    # Neither the layer nor Lambda's runtime has pyOpenSSL. The search for it takes a hundredth of a
    # cold start.
    "botocore/httpsession.py": (
        (
            """\
        from urllib3.contrib.pyopenssl import (
            orig_util_SSLContext as SSLContext,
        )
""",
            "        raise ImportError\n",
        ),
    ),
    # Without a variable such as HTTPS_PROXY, Linux has no proxies.
    "botocore/utils.py": (
        (
            "    if should_bypass_proxies(url):\n        return {}\n    else:",
            """\
    import sys
    names = map(str.lower, os.environ)
    if sys.platform == 'linux' and not any(name.endswith('_proxy') for name in names):
        return {}
    if should_bypass_proxies(url):
        return {}
    else:""",
        ),
    ),
    # Its annotations name classes that are imported late.
    "fastjsonschema/__init__.py": (
        (
            "from collections.abc import Callable, Mapping\n",
            "from __future__ import annotations\nfrom collections.abc import Callable, Mapping\n",
        ),
    ),
}
"""The replaced texts, by file. Replacements come before moves."""

_HANDLERS = "botocore/handlers.py"
_ALIASES = "botocore/utils.py"

EDITED = sorted({*_REPLACEMENTS, *_LATE_IMPORTS, _HANDLERS, _ALIASES})
"""The edited files."""


def edit(packages: Path) -> None:
    """Edit a folder of installed packages.

    Raises:
        LookupError: A package has changed, and this module must follow.
    """
    for name in EDITED:
        path = packages / name
        source = replace(path.read_text(), _REPLACEMENTS.get(name, ()))
        if name == _HANDLERS:
            source = keep_elements(source, "BUILTIN_HANDLERS", _serves_kept_service)
        if name == _ALIASES:
            source = keep_elements(source, "EVENT_ALIASES", SERVICES.__contains__)
        if name in _LATE_IMPORTS:
            source = import_late(source, _LATE_IMPORTS[name])
        path.write_text(source)


def _serves_kept_service(event: str) -> bool:
    """Return whether an event concerns a client that can be created, and no documentation."""
    kind, *rest = event.split(".")
    return kind != "docs" and (not rest or rest[0] in {*SERVICES, "*"})
