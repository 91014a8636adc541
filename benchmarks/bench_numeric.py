"""numeric.match against the naive last-number regex, Math-Verify, and the worst megabytes.

Held to: as fast as the naive regex on real responses (100,000 a second on one core), 200 times
Math-Verify's speed in the same run where it is installed, and under 20 ms for any 1 MB of text.
"""

import gzip
import importlib.util
import json
import random
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import Measured
from benchmarks.timing import cpu_seconds, least
from rewards.core.sample import Sample
from rewards.scorers.numeric import matches, steps

#: Recorded responses, where they are present: beside the repository, no part of it.
REAL = Path(__file__).parents[2] / "shared" / "data" / "numeric" / "real.jsonl.gz"
#: Whose rows a figure is of.
ROWS = "real responses" if REAL.exists() else "made responses"
MEGABYTE = 1_000_000
SAMPLES = 2000
NUMBER = re.compile(r"-?\d[\d,]*\.?\d*")

Score = Callable[[str, str], bool]

WORST = {
    "digits": "7" * MEGABYTE,
    "digits behind ####": "#### " + "7" * MEGABYTE,
    "digits in a box": "\\boxed{" + "7" * MEGABYTE + "}",
    "digits over digits": "#### " + "1" * (MEGABYTE // 2) + "/" + "3" * (MEGABYTE // 2),
    "decimals": "#### 0." + "7" * MEGABYTE,
    "####": "#" * MEGABYTE,
    "#### 72 again and again": "#### 72\n" * (MEGABYTE // 8),
    "open boxes": "\\boxed{" * (MEGABYTE // 7),
    "boxes that differ": "\\boxed{1} and \\boxed{2} " * (MEGABYTE // 24),
    "nested fractions": "\\boxed{" + "\\frac{" * (MEGABYTE // 6),
    "one and a comma": "1," * (MEGABYTE // 2),
    "groups of three": "1" + ",111" * (MEGABYTE // 4),
    "open thinking": "<think>" * (MEGABYTE // 7),
    "closed thinking": "</think>" * (MEGABYTE // 8),
    "spaces behind ####": "####" + " " * MEGABYTE + "7",
    "the answer is": "the answer is " * (MEGABYTE // 14),
    "code fences": "\n```py\n" * (MEGABYTE // 7) + "#### 1\n#### 2",
    "equations": "1=" * (MEGABYTE // 2),
    "number words": "seventy " * (MEGABYTE // 8),
    "Chinese": "答案是" * (MEGABYTE // 9),
    "prose": "She sold 48 clips in April and 24 in May. " * (MEGABYTE // 42),
}


def naive(response: str, gold: str) -> bool:
    """The last number of the text, compared as a string."""
    numbers = NUMBER.findall(response)
    return bool(numbers) and numbers[-1].replace(",", "").rstrip(".") == gold


def responses() -> list[tuple[str, str]]:
    """Real responses with their references where they are at hand, else some of our own."""
    if REAL.exists():
        with gzip.open(REAL, "rt", encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        picked = random.Random(0).sample(rows, SAMPLES)
        return [(row["response"], row["gold"]) for row in picked]
    work = "Natalia sold 48/2 = <<48/2=24>>24 clips in May, and 48 in April. "
    ends = ("\nA: 72", "The answer is 72.", "So it is $\\boxed{72}$ clips.", "\n#### 72")
    return [(work * 7 + ends[index % 4], "72") for index in range(SAMPLES)]


def a_second(rows: list[tuple[str, str]], *scores: Score) -> list[float]:
    """Responses scored in a second on one core, by each of several, in the best of 9 passes."""

    def all_of_them(score: Score) -> Callable[[], Any]:
        return lambda: [score(*row) for row in rows]

    return [len(rows) / seconds for seconds in least(*map(all_of_them, scores), rounds=9)]


def test_real_responses(benchmark: Any, measured: Measured) -> None:
    """As fast as the naive last-number regex, within the noise of a shared machine."""
    rows = responses()
    benchmark.pedantic(lambda: [matches(*row) for row in rows], rounds=5, warmup_rounds=1)
    ours, theirs = a_second(rows, matches, naive)
    benchmark.extra_info.update(ours=ours, naive=theirs, ratio=ours / theirs)
    measured(
        f"`numeric.match` on {ROWS}",
        f"{ours:,.0f} a second: {ours / theirs:.2f} times the last number by regex",
        "0.7 times",
    )
    assert ours / theirs > 0.7


@pytest.mark.skipif(not importlib.util.find_spec("math_verify"), reason="needs Math-Verify")
def test_against_math_verify(benchmark: Any, measured: Measured) -> None:
    """At least 200 times Math-Verify's speed in the same run."""
    from math_verify import parse, verify

    def peer(response: str, gold: str) -> bool:
        return bool(verify(parse(f"${gold}$"), parse(response)))

    rows = responses()[:300]
    benchmark.pedantic(lambda: [matches(*row) for row in rows], rounds=5, warmup_rounds=1)
    theirs = len(rows) / cpu_seconds(lambda: [peer(*row) for row in rows])
    (ours,) = a_second(rows, matches)
    measured(
        f"`numeric.match` against Math-Verify, on {ROWS}",
        f"{ours / theirs:,.0f} times its {theirs:,.0f} a second",
        "200 times",
    )
    assert ours / theirs > 200


def test_worst_megabytes(benchmark: Any, measured: Measured) -> None:
    """Under 20 ms for any megabyte, and no worse than linear: twice the text, about twice."""
    slowest = {}
    for name, text in WORST.items():
        (slowest[name],) = least(partial(matches, text, "72"), rounds=5)
    order = sorted(slowest, key=lambda name: -slowest[name])
    benchmark.pedantic(lambda: matches(WORST[order[0]], "72"), rounds=5)
    worst = [f"{name} {slowest[name] * 1e3:.1f}" for name in order[1:4]]
    measured(
        "`numeric.match`, its slowest megabyte",
        f"{slowest[order[0]] * 1e3:.0f} ms ({order[0]}; then {', '.join(worst)})",
        "20 ms",
    )
    assert slowest[order[0]] < 0.020


def test_steps_worst_megabytes(benchmark: Any, measured: Measured) -> None:
    """Checking the equations of a megabyte takes no longer than finding its answer may."""
    samples = [Sample(id="1", completion=text, reference_answer=72) for text in WORST.values()]
    samples.append(Sample(id="1", completion="1+1=2 " * (MEGABYTE // 6), reference_answer=72))
    times = [seconds for one in samples for seconds in least(partial(steps, one), rounds=3)]
    benchmark.pedantic(lambda: steps(samples[-1]), rounds=3)
    measured("`numeric.steps`, its slowest megabyte", f"{max(times) * 1e3:.0f} ms", "40 ms")
    assert max(times) < 0.040
