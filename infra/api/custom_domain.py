"""The custom domain name of the API."""

from collections.abc import Mapping

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

from infra.api.rest_api import LedgerApi
from infra.conventions.outputs import Output
from infra.spec.stages import Stage


class CustomDomain(Construct):
    """The custom domain name of a stage. The owner of the domain adds the DNS record."""

    outputs: Mapping[str, Output]
    """The stack outputs that the DNS record needs."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, api: LedgerApi) -> None:
        """Map the name to the API's stage.

        Raises:
            ValueError: The stage has no certificate for the name.
        """
        super().__init__(scope, id_)
        if not (stage.domain_name and stage.certificate_arn):
            raise ValueError(f"{stage.name}: a domain_name needs its certificate_arn")
        name = apigateway.DomainName(
            self,
            "Name",
            domain_name=stage.domain_name,
            certificate=acm.Certificate.from_certificate_arn(
                self, "Certificate", stage.certificate_arn
            ),
            endpoint_type=apigateway.EndpointType.REGIONAL,
            security_policy=apigateway.SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09,
            endpoint_access_mode=apigateway.EndpointAccessMode.STRICT,
            mapping=api.rest_api,
        )
        self.outputs = {
            "DomainUrl": Output(
                "The API's URL by its custom name", f"https://{stage.domain_name}/"
            ),
            "DomainTarget": Output(
                "The target of a CNAME or alias record for the custom name",
                name.domain_name_alias_domain_name,
            ),
        }
