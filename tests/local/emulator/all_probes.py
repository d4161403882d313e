"""The probe of each patch, step and resource type of local/emulator/patches."""

from collections.abc import Callable

from local.emulator import patches
from tests.local.emulator.probes import (
    access_log,
    api_gateway,
    cloudformation,
    cloudwatch,
    dynamodb,
    gateway_responses,
    iam,
    lambda_,
    mock_integration,
    waf,
    xray,
)
from tests.support.deployment.probed_emulator import ProbedEmulator

Probe = Callable[[ProbedEmulator], bool]

PROBES: dict[object, Probe] = {
    "AWS::Athena::NamedQuery": cloudformation.has_named_queries,
    "AWS::EC2::EIP": cloudformation.has_addresses,
    "AWS::EC2::NatGateway": cloudformation.has_nat_gateways,
    "AWS::EC2::FlowLog": cloudformation.has_flow_logs,
    "AWS::EC2::SecurityGroupIngress": cloudformation.has_ingress_rules,
    "AWS::ApiGateway::RequestValidator": cloudformation.has_validators,
    "AWS::ApiGateway::Method": cloudformation.binds_validators,
    "AWS::WAFv2::LoggingConfiguration": cloudformation.takes_waf_logging,
    "AWS::WAFv2::WebACLAssociation": cloudformation.associates_web_acls,
    "AWS::ApiGateway::Stage": cloudformation.keeps_access_log_settings,
    "AWS::DynamoDB::Table": cloudformation.expires_items,
    "AWS::S3::Bucket": cloudformation.encrypts_objects,
    patches.api_gateway.serve_deployed_methods: api_gateway.serves_deployed_methods,
    patches.cloudformation.refuse_existing_log_groups: (cloudformation.refuses_existing_log_groups),
    patches.iam.count_loopback_as_tls: iam.counts_loopback_as_tls,
    patches.iam.authorize_log_streams: iam.authorizes_log_streams,
    patches.cloudwatch.accept_metric_math: cloudwatch.accepts_metric_math,
    patches.cloudwatch.evaluate_alarms: cloudwatch.evaluates_alarms,
    patches.cloudwatch.extract_embedded_metrics: cloudwatch.extracts_embedded_metrics,
    patches.cloudwatch.count_request: cloudwatch.counts_requests,
    patches.cloudwatch.count_invocation: cloudwatch.counts_invocations,
    patches.dynamodb.parse_conditions_once: dynamodb.parses_conditions_once,
    patches.xray.serve_api: xray.serves_api,
    patches.xray.continue_traces: xray.continues_traces,
    patches.xray.record_request: xray.records_requests,
    patches.xray.record_invocation: xray.records_invocations,
    patches.lambda_.seal_functions: lambda_.seals_functions,
    patches.lambda_.unpack_layers_once: lambda_.unpacks_layers_once,
    patches.lambda_.mark_end_of_logs: lambda_.marks_end_of_logs,
    patches.access_log.log_request: access_log.logs_requests,
    patches.api_gateway.share_request_id: api_gateway.shares_request_id,
    patches.api_gateway.name_api_key: api_gateway.names_api_key,
    patches.gateway_responses.fill_variables: gateway_responses.fills_variables,
    patches.gateway_responses.require_signature: gateway_responses.requires_signature,
    patches.gateway_responses.deny_missing_scopes: gateway_responses.denies_missing_scopes,
    patches.gateway_responses.deny_through_the_api: gateway_responses.denies_through_the_api,
    patches.gateway_responses.answer_for_failed_functions: (
        gateway_responses.answers_for_failed_functions
    ),
    patches.mock_integration.evaluate_templates: mock_integration.evaluates_templates,
    patches.waf.block_request: waf.blocks_requests,
}
