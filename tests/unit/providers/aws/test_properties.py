"""What the provider tells of the outputs that its types have."""

from __future__ import annotations

from stackyard.providers import base
from stackyard.providers.aws.provider import AwsProvider


def test_the_outputs_of_a_type_are_told_and_of_a_type_that_nobody_wrote_not() -> None:
    provider = AwsProvider()
    told = base.properties(provider, "aws:sqs/queue:Queue")
    assert told is not None
    assert {"arn", "url", "name", "tagsAll"} <= told
    assert "arnn" not in told
    assert base.properties(provider, "aws:none/such:Such") is None
    assert base.properties(None, "aws:sqs/queue:Queue") is None
