"""The topic that receives the alarms."""

from tests.support.templates.synthesized import Synthesized


def test_cloudwatch_of_this_account_can_publish_to_the_encrypted_topic(stack: Synthesized) -> None:
    topic = stack.one("AWS::SNS::Topic")
    key = stack.one("AWS::KMS::Key")
    this_account = {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}}
    cloudwatch = {"Service": "cloudwatch.amazonaws.com"}
    assert topic["KmsMasterKeyId"] == "${Monitoring/TopicKey.Arn}"
    assert key["EnableKeyRotation"] is True
    (usage,) = (s for s in key["KeyPolicy"]["Statement"] if s["Principal"] == cloudwatch)
    assert usage["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]
    assert usage["Condition"] == this_account
    statements = stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (publish,) = (s for s in statements if s["Effect"] == "Allow")
    assert publish["Principal"] == cloudwatch
    assert publish["Action"] == "sns:Publish"
    assert publish["Condition"] == this_account


def test_the_topic_requires_tls(stack: Synthesized) -> None:
    statements = stack.one("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (denial,) = (s for s in statements if s["Effect"] == "Deny")
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_email_address_can_subscribe_to_alarms(variant: Synthesized, dev: Synthesized) -> None:
    subscription = variant.one("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")
    assert dev.all("AWS::SNS::Subscription") == []
