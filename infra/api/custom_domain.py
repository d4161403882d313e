"""A name of one's own for the API, in front of the one that AWS gives it."""

from collections.abc import Mapping

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from constructs import Construct

from infra.api.rest_api import LedgerApi
from infra.spec.stages import Stage


class Domain(Construct):
    """The custom domain name of a stage. Its entry in the DNS is left to whoever runs that.

    Attributes:
        outputs: What the entry needs: name, then description and value.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, api: LedgerApi) -> None:
        """Map the name to the stage of the API.

        Raises:
            ValueError: The stage has no certificate for it.
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
            security_policy=apigateway.SecurityPolicy.TLS_1_2,
            mapping=api.api,
        )
        self.outputs: Mapping[str, tuple[str, str]] = {
            "DomainUrl": ("The API, by its own name", f"https://{stage.domain_name}/"),
            "DomainTarget": (
                "Where a CNAME or alias of that name has to lead",
                name.domain_name_alias_domain_name,
            ),
        }
