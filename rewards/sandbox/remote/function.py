"""The Lambda function that runs programs: its role may write its log, and nothing else.

An escape from a program's process would find here no data but the programs of other rollouts of the
same run, and no permission. Layers that Lambda's kernel lacks are therefore left out, and logged.
"""

import sys
from functools import cache
from time import monotonic
from typing import Any

from rewards.sandbox.code.confinement import missing
from rewards.sandbox.code.process import ProcessRunner
from rewards.sandbox.remote.messages import requested, response

#: Kept back before Lambda ends the invocation.
MARGIN_SECONDS = 1.0


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run one batch, and answer in time: null for what there was no time for."""
    programs, limits, seconds = requested(event)
    left = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    deadline = monotonic() + min(seconds, left)
    return response(_runner().run(programs, limits, deadline))


@cache
def _runner() -> ProcessRunner:
    if lacking := missing():
        print(f"programs run without {' and '.join(lacking)}", file=sys.stderr)
    return ProcessRunner(strict=False)
