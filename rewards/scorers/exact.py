"""Whether a completion is the reference, word for word."""

from rewards.sample import Sample
from rewards.scorer import scorer


@scorer
def match(sample: Sample, *, ignore_case: bool = False) -> bool:
    """1.0 where the completion is the reference, apart from white space around it."""
    found, wanted = sample.completion.strip(), sample.reference_text.strip()
    return found.casefold() == wanted.casefold() if ignore_case else found == wanted
