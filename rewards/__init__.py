"""Reward functions for reinforcement fine-tuning on Amazon Bedrock: the author's API.

>>> from rewards import Sample, scorer
>>> @scorer
... def polite(sample: Sample, *, word: str = "please") -> bool:
...     "1.0 where the completion says `word`."
...     return word in sample.completion.lower()
"""

from rewards.rubric import Rubric, gate, use
from rewards.sample import Message, Sample
from rewards.score import Reward, Score
from rewards.scorer import group_scorer, scorer

__all__ = [
    "Message",
    "Reward",
    "Rubric",
    "Sample",
    "Score",
    "gate",
    "group_scorer",
    "scorer",
    "use",
]
