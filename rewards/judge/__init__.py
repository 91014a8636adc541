"""Judges: asking a model for a verdict. Start with the scorers in `rewards.scorers.judge`.

client      the seam: JudgeClient, JudgeRequest, JudgeReply
criteria    what is judged, on which scale; verdict: checking what came back
fence       hostile text made safe to show; prompt: the text of a request
asking      one question to its verdict; retry: how often; installed: by which client
bedrock     the client for Amazon Bedrock; dynamo: a cache that containers share
fake        a judge for tests; cassette: recorded replies
"""

from rewards.judge.cassette import RecordingJudge, ReplayJudge
from rewards.judge.client import (
    JudgeClient,
    JudgeReply,
    JudgeRequest,
    ThrottledError,
    UnavailableError,
)
from rewards.judge.fake import FakeJudge
from rewards.judge.installed import install, on_bedrock, warm_up
from rewards.judge.retry import RetryPolicy

__all__ = [
    "FakeJudge",
    "JudgeClient",
    "JudgeReply",
    "JudgeRequest",
    "RecordingJudge",
    "ReplayJudge",
    "RetryPolicy",
    "ThrottledError",
    "UnavailableError",
    "install",
    "on_bedrock",
    "warm_up",
]
