"""Recorded replies: judge rubrics tested offline, against what a real model once said.

A cassette is JSON lines, one reply each: {"request": DIGEST, "reply": {...}}. It holds what the
judge wrote and no prompt or completion; the judge's reasons may quote them.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rewards.core.errors import ServiceError, SpecError
from rewards.judge.client import JudgeClient, JudgeReply, JudgeRequest


class RecordingJudge:
    """Passes requests on to `client` and keeps the replies, for `save`."""

    def __init__(self, client: JudgeClient) -> None:
        self._client = client
        self._replies: dict[str, JudgeReply] = {}
        self._writing = threading.Lock()

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Ask the client; see `JudgeClient.ask`."""
        reply = self._client.ask(request, timeout=timeout)
        with self._writing:
            self._replies[request.digest] = reply
        return reply

    @property
    def replies(self) -> int:
        """How many replies are kept."""
        return len(self._replies)

    def save(self, path: Path) -> int:
        """Write the cassette, in an order that does not depend on time; return its length."""
        lines = [
            json.dumps({"request": digest, "reply": asdict(reply)}, ensure_ascii=False)
            for digest, reply in sorted(self._replies.items())
        ]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return len(lines)


class ReplayJudge:
    """Answers from a cassette; a request that is not on it is a service's fault, never a score."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replies = _replies(path)

    def ask(self, request: JudgeRequest, *, timeout: float) -> JudgeReply:
        """Look the reply up; see `JudgeClient.ask`."""
        reply = self._replies.get(request.digest)
        if reply is None:
            raise ServiceError(
                f"{self._path} has no reply to this request: the rubric, a prompt or the samples "
                "have changed since; record it again with `rewards judge record`"
            )
        return reply


def _replies(path: Path) -> dict[str, JudgeReply]:
    replies = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SpecError(f"the cassette {path} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, start=1):
        try:
            entry: Mapping[str, Any] = json.loads(line)
            replies[entry["request"]] = JudgeReply(**entry["reply"])
        except (ValueError, KeyError, TypeError) as error:
            raise SpecError(f"{path}, line {number}: not a recorded reply: {error}") from None
    return replies
