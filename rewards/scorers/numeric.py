from rewards.answers import Answer, find
from rewards.numbers import Value, same
from rewards.errors import MissingReferenceError
from functools import lru_cache
def extract(completion): return find(completion)
@lru_cache(4096)
def _wanted(reference):
    a=find(reference)
    if a is None or a.value is None: raise MissingReferenceError(reference)
    return a
def matches(completion, reference):
    w=_wanted(reference)
    a=find(completion)
    return a is not None and a.value is not None and same(a.value,w.value)
