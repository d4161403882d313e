"""The layer that all functions share."""

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.bundling.layer_content import build_layer
from infra.bundling.runtime import ARCHITECTURE, RUNTIME
from infra.spec.paths import BUILD
from infra.spec.service import SERVICE_TITLE


class CommonLayer(Construct):
    """The layer with ``common`` and the third-party packages that it needs."""

    version: lambda_.LayerVersion

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.version = lambda_.LayerVersion(
            self,
            "Version",
            description=f"The code that all functions of {SERVICE_TITLE} share",
            code=lambda_.Code.from_asset(str(build_layer(BUILD))),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
        )
