"""Judges: asking a model for a verdict. Start with the scorers in `rewards.scorers.judge`.

client      the seam: JudgeClient, JudgeRequest, JudgeReply
terms       how a judge is asked, and what that may cost: the table `asking`
criteria    what is judged, on which scale; verdict: checking what came back
fence       hostile text made safe to show; prompt: the text of a request
plan        a component's parameters, made ready to ask with; grading, comparing: at work
asking      one question to its verdict; sending: one request to its reply; retry: how often
installed   by which client, and what it remembers; usage: what it used
bedrock     the client for Amazon Bedrock; dynamo: a cache that containers share
fake        a judge for tests; cassette: recorded replies
"""

from rewards.judge.cassette import RecordingJudge, ReplayJudge
from rewards.judge.client import (
    JudgeClient,
    JudgeReply,
    JudgeRequest,
    TooManyRequestsError,
    UnavailableError,
)
from rewards.judge.fake import FakeJudge
from rewards.judge.installed import install, on_bedrock, warm_up
from rewards.judge.retry import RetryPolicy
from rewards.judge.terms import Asking, Price

__all__ = [
    "Asking",
    "FakeJudge",
    "JudgeClient",
    "JudgeReply",
    "JudgeRequest",
    "Price",
    "RecordingJudge",
    "ReplayJudge",
    "RetryPolicy",
    "TooManyRequestsError",
    "UnavailableError",
    "install",
    "on_bedrock",
    "warm_up",
]
