"""The custom domain name of the API."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.api.rest_api import ENDPOINT_ACCESS_MODE, SECURITY_POLICY
from infra.spec.stages import STAGES
from tests.support.templates.synthesized import Synthesized, synthesize


def test_the_domain_name_maps_to_the_stage_of_the_api(variant: Synthesized) -> None:
    name = variant.one("AWS::ApiGateway::DomainName")
    assert name["DomainName"] == variant.stage.domain_name
    assert name["RegionalCertificateArn"] == variant.stage.certificate_arn
    assert name["SecurityPolicy"] == SECURITY_POLICY
    assert name["EndpointAccessMode"] == ENDPOINT_ACCESS_MODE
    mapping = variant.one("AWS::ApiGateway::BasePathMapping")
    assert mapping["DomainName"] == "${Domain/Name}"
    assert mapping["RestApiId"] == "${Api/Rest}"
    assert "DeploymentStage" in mapping["Stage"]


def test_the_outputs_have_the_target_of_the_dns_record(variant: Synthesized) -> None:
    outputs = {key: variant.flat(out["Value"]) for key, out in variant.template["Outputs"].items()}
    assert outputs["DomainUrl"] == "https://api.example.com/"
    assert outputs["DomainTarget"] == "${Domain/Name.RegionalDomainName}"


def test_only_a_stage_with_a_domain_name_has_a_custom_domain(stack: Synthesized) -> None:
    names = stack.all("AWS::ApiGateway::DomainName")
    assert len(names) == (1 if stack.stage.domain_name else 0)


def test_a_stage_with_a_domain_name_closes_the_default_endpoint(
    stack: Synthesized, variant: Synthesized
) -> None:
    assert variant.one("AWS::ApiGateway::RestApi")["DisableExecuteApiEndpoint"] is True
    assert variant.flat(variant.template["Outputs"]["ApiUrl"]["Value"]) == (
        "https://api.example.com/"
    )
    assert "DisableExecuteApiEndpoint" not in stack.one("AWS::ApiGateway::RestApi")


def test_a_stage_may_keep_the_default_endpoint(variant: Synthesized, tmp_path: Path) -> None:
    stack = synthesize(replace(variant.stage, keep_default_endpoint=True), tmp_path)
    assert "DisableExecuteApiEndpoint" not in stack.one("AWS::ApiGateway::RestApi")
    assert "execute-api" in stack.flat(stack.template["Outputs"]["ApiUrl"]["Value"])


def test_a_domain_name_without_a_certificate_is_an_error(tmp_path: Path) -> None:
    stage = replace(STAGES["dev"], domain_name="api.example.com")
    with pytest.raises(ValueError, match="domain_name needs its certificate_arn"):
        synthesize(stage, tmp_path)
