"""Judges: asking a model for a verdict. Start with the scorers in `rewards.scorers.judge`.

terms       how is a judge asked, and what may that cost? (the table `asking`)
criteria    what is judged, on which scale?
plan        what do a component's parameters say, made ready to ask with?
prompts     which instructions do judges read? (data)
grading     what is one sample worth by its criteria?
comparing   which of two samples is better?
shown       what does a judge read of a sample, and how can that not speak as anybody else?
asking      how does one question come to its verdict?
verdict     is what came back a verdict?
sending     how does one request come to its reply?
retry       how often is it sent?
client      what is the seam to a model: a request, a reply, the ways to fail?
clients     who answers: Bedrock, a fake, a cassette; and a table that containers share?
installed   which client answers, and what does it remember?
usage       what has been used?
"""

from rewards.judge.client import (
    JudgeClient,
    JudgeReply,
    JudgeRequest,
    TooManyRequestsError,
    UnavailableError,
)
from rewards.judge.clients.cassette import RecordingJudge, ReplayJudge
from rewards.judge.clients.fake import FakeJudge
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
