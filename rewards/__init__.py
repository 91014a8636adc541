"""Reward functions for reinforcement fine-tuning on Amazon Bedrock: the author's API.

core       what is a sample, a score, a scorer, an error?
scorers    which scorers are bundled?
reading    what does a text say?
judge      what does a model say of it?
sandbox    what does a program do that a model wrote?
registry   which scorer has this name?
rubric     what is a sample worth?
rubrics    which rubrics are bundled? (data)
wire       what comes in, what goes out, what is told of it?
handler    what does Lambda call?
job        what is the training job?
curves     does a training run learn, or cheat?
workbench  what does the `rewards` command do?

>>> from rewards import Sample, scorer
>>> @scorer
... def polite(sample: Sample, *, word: str = "please") -> bool:
...     "1.0 where the completion says `word`."
...     return word in sample.completion.lower()
"""

from rewards.core.errors import (
    MissingReferenceError,
    RefusalError,
    ServiceError,
    UnscoredError,
    UnusableDataError,
)
from rewards.core.sample import Message, Sample
from rewards.core.score import Reward, Score
from rewards.core.scorer import group_scorer, scorer
from rewards.rubric import Rubric, gate, use

#: As in pyproject.toml; the Lambda's zip holds no metadata of the distribution to read it from.
__version__ = "0.1.0"

__all__ = [
    "Message",
    "MissingReferenceError",
    "RefusalError",
    "Reward",
    "Rubric",
    "Sample",
    "Score",
    "ServiceError",
    "UnscoredError",
    "UnusableDataError",
    "__version__",
    "gate",
    "group_scorer",
    "scorer",
    "use",
]
