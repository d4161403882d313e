"""The CDK app: one stack per stage, ``cdk deploy -c stage=prod`` (default: dev).

``-c authorization=cognito`` has callers prove themselves in another way than the stage says.
"""

import sys
from dataclasses import replace

from aws_cdk import App, CliCredentialsStackSynthesizer, Environment, IStackSynthesizer, Validations

from infra.compliance.plugin import Compliance
from infra.spec.stages import AUTHORIZATIONS, REGION, STAGES, Stage
from infra.stack import JobLedgerStack


def chosen_stage(app: App) -> Stage:
    """The stage that the context names.

    Raises:
        SystemExit: No such stage or authorization; the message names those there are.
    """
    name = app.node.try_get_context("stage") or "dev"
    if name not in STAGES:
        sys.exit(f"Unknown stage {name!r}. Choose one with -c stage=<{'|'.join(STAGES)}>.")
    stage = STAGES[name]
    authorization = app.node.try_get_context("authorization") or stage.authorization
    if authorization not in AUTHORIZATIONS:
        ways = "|".join(AUTHORIZATIONS)
        sys.exit(f"Unknown authorization {authorization!r}. Choose one of <{ways}>.")
    return replace(stage, authorization=authorization)


def chosen_synthesizer(app: App) -> IStackSynthesizer | None:
    """How the CLI gets permission to deploy: None for the roles of the CDK bootstrap stack.

    Raises:
        SystemExit: The context names no known way.
    """
    match app.node.try_get_context("credentials"):
        case None:
            return None
        case "cli":
            return CliCredentialsStackSynthesizer()
        case other:
            sys.exit(f"Unknown credentials {other!r}. Leave them out, or say -c credentials=cli.")


def main() -> None:
    app = App(analytics_reporting=False)
    stage = chosen_stage(app)
    stack = JobLedgerStack(
        app,
        stage.stack,
        stage=stage,
        env=Environment(region=REGION),
        synthesizer=chosen_synthesizer(app),
    )
    Validations.of(app).add_plugins(Compliance(stack, stage))
    app.synth()


if __name__ == "__main__":
    main()
