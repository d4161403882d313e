"""The CDK app: one stack per stage, as in ``cdk deploy -c stage=prod`` (default: dev).

``-c authorization=cognito`` overrides the authorization of the stage.
"""

import sys
from dataclasses import replace

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, IStackSynthesizer, Validations

from common.entities import ENTITIES
from infra.compliance.plugin import Compliance
from infra.spec import declaration
from infra.spec.service import REGION
from infra.spec.stages import AUTHORIZATIONS, STAGES, Stage
from infra.stack import ServiceStack


def stage_from_context(app: App) -> Stage:
    """Return the stage that the app's context names.

    Raises:
        SystemExit: The context names an unknown stage or authorization.
    """
    name = app.node.try_get_context("stage") or "dev"
    if name not in STAGES:
        sys.exit(f"Unknown stage {name!r}. Choose one with -c stage=<{'|'.join(STAGES)}>.")
    stage = STAGES[name]
    authorization = app.node.try_get_context("authorization") or stage.authorization
    if authorization not in AUTHORIZATIONS:
        names = "|".join(AUTHORIZATIONS)
        sys.exit(
            f"Unknown authorization {authorization!r}. Choose one with -c authorization=<{names}>."
        )
    return replace(stage, authorization=authorization)


def synthesizer_from_context(app: App) -> IStackSynthesizer | None:
    """Return the synthesizer for the credentials that the app's context names.

    None stands for the CDK's default, which deploys with the roles of the bootstrap stack.

    Raises:
        SystemExit: The context names unknown credentials.
    """
    match app.node.try_get_context("credentials"):
        case None:
            return None
        case "cli":
            return CliCredentialsStackSynthesizer()
        case other:
            sys.exit(f"Unknown credentials {other!r}. Leave them out, or use -c credentials=cli.")


def main() -> None:
    try:
        declaration.check(ENTITIES)
    except declaration.DeclarationError as error:
        sys.exit(str(error))
    app = App(analytics_reporting=False)
    stage = stage_from_context(app)
    stack = ServiceStack(
        app,
        stage.stack,
        stage=stage,
        env=Environment(region=REGION),
        synthesizer=synthesizer_from_context(app),
    )
    Validations.of(app).add_plugins(Compliance(stack, stage))
    app.synth()


if __name__ == "__main__":
    main()
