"""One row of a dataset, in its own format or in somebody else's: the prompt, and the reference.

What is wrong with a row's form stops the reading of it only where there is no prompt: a file in a
foreign format can be full of duplicates, too.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rewards.job.datasets.findings import WARNING

#: The roles of the service's guide ("Prepare data"), and the one that results of tools have.
_ROLES = frozenset({"system", "user", "assistant", "tool"})
#: AWS's own validator for Nova takes these, the guide names neither.
_DOUBTFUL_ROLES = frozenset({"developer", "bot"})
_ANSWERING = frozenset({"assistant", "bot", "model", "gpt"})

#: Fields of a row that no reference stands in.
_NO_REFERENCE = {"messages", "id", "tools", "tool_choice", "metadata", "source", "split", "dataset"}
_NO_REFERENCE |= {"data_source", "category", "difficulty", "level", "topic", "subject", "domain"}
_NO_REFERENCE |= {"language", "lang", "url", "index", "idx", "uuid", "created", "timestamp"}
_NO_REFERENCE |= {"system", "reference_answer", "ability", "extra_info", "reward_model"}

#: How files of others begin: the field that tells, the field of their answer, what they are.
_FOREIGN = (
    ("schemaVersion", "", "a Bedrock conversation for supervised fine-tuning"),
    ("item", "", "OpenAI's item"),
    ("conversations", "", "ShareGPT"),
    ("contents", "", "Gemini's contents"),
    ("reward_model", "", "verl"),
    ("prompt", "completion response answer chosen output", "prompt and completion"),
    ("instruction", "output response", "Alpaca"),
    ("question", "answer solution final_answer", "question and answer"),
    ("problem", "answer solution final_answer", "problem and solution"),
    ("input", "output expected_output ideal answer", "input and output"),
)


class FormFlaw(NamedTuple):
    """What is wrong with the form of a row; `severity` where it is not the code's own."""

    code: str
    detail: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """What a row says: its turns as (role, text), its reference or None, its other fields.

    Without turns it has no prompt, and `flaws` says why.
    """

    turns: tuple[tuple[str, str], ...]
    reference: Any
    flaws: tuple[FormFlaw, ...]
    fields: Mapping[str, Any]

    @property
    def prompt(self) -> str:
        """The texts of the turns."""
        return "\n".join(text for _, text in self.turns)

    @property
    def key(self) -> str:
        """What two rows with the same prompt have in common."""
        return json.dumps(self.turns, ensure_ascii=False)

    @property
    def is_sound(self) -> bool:
        """Whether a job can take the row."""
        return bool(self.turns) and all(flaw.severity for flaw in self.flaws)


def read_row(line: bytes) -> tuple[dict[str, Any], str] | None:
    """A line as an object, and as the same text for the same content.

    None where it is no JSON object, or one that cannot be written again, so that no service would
    read it: too deep, or with a number of thousands of digits.
    """
    try:
        row = json.loads(line)
        written = json.dumps(row, sort_keys=True)
    except (ValueError, RecursionError):
        return None
    return (row, written) if isinstance(row, dict) else None


def understood(row: Mapping[str, Any]) -> DatasetRow:
    """The prompt and the reference of a row, whatever its format, and the flaws of its form."""
    messages, flaws = row.get("messages"), []
    reference = given(row.get("reference_answer"))
    if (foreign := _foreign(row)) is not None:
        flaws.append(FormFlaw("foreign_format", foreign.name))
        messages = foreign.messages
        reference = reference if reference is not None else foreign.reference
    if not isinstance(messages, list) or not messages:
        return DatasetRow((), reference, tuple(flaws or [FormFlaw("no_messages")]), {})
    if not all(isinstance(turn, dict) for turn in messages):
        return DatasetRow((), reference, (*flaws, FormFlaw("bad_role")), {})
    turns = [(str(turn.get("role")), text_of(turn.get("content"))) for turn in messages]
    flaws += _roles(turns)
    if turns[-1][0] in _ANSWERING:
        if foreign is None:
            flaws.append(FormFlaw("ends_with_assistant"))
            if reference is None:
                flaws.append(FormFlaw("foreign_format", "a file for supervised fine-tuning"))
        _, answer = turns.pop()
        reference = reference if reference is not None else given(answer)
    users = [text for role, text in turns if role in {"user", "human"}]
    if not users and not any(flaw.code == "bad_role" for flaw in flaws):
        flaws.append(FormFlaw("no_messages"))
    if not all(users):
        flaws.append(FormFlaw("empty_content"))
    known = _NO_REFERENCE if foreign is None else _NO_REFERENCE | {field for field, *_ in _FOREIGN}
    fields = {name: value for name, value in row.items() if name not in known}
    inner = row.get("metadata")
    if isinstance(inner, dict) and "reference_answer" in inner:
        fields["metadata.reference_answer"] = inner["reference_answer"]
    return DatasetRow(tuple(turns) if any(users) else (), reference, tuple(flaws), fields)


def given(reference: Any) -> Any:
    """A reference that is one; None for what is empty."""
    return None if reference in ("", {}, []) or reference is None else reference


def text_of(content: Any) -> str:
    """The text of a turn: a string, or the text blocks of a list."""
    if isinstance(content, str):
        return content.strip()
    if not isinstance(content, list):
        return ""
    blocks = (block.get("text") if isinstance(block, dict) else block for block in content)
    return "\n".join(block for block in blocks if isinstance(block, str)).strip()


def _roles(turns: Sequence[tuple[str, str]]) -> Iterator[FormFlaw]:
    roles = [role for role, _ in turns]
    if not all(role in _ROLES or role in _DOUBTFUL_ROLES for role in roles):
        yield FormFlaw("bad_role")
    elif doubtful := sorted(_DOUBTFUL_ROLES.intersection(roles)):
        yield FormFlaw(
            "bad_role", f"{doubtful[0]}, which the service's guide does not name", WARNING
        )
    if "system" in roles[1:]:
        yield FormFlaw("bad_role", "a system turn that is not the first", WARNING)


class _Foreign(NamedTuple):
    """What a row of another format says, in the words of this one."""

    name: str
    messages: list[dict[str, Any]]
    reference: Any


def _foreign(row: Mapping[str, Any]) -> _Foreign | None:
    """A row of another format; None for one of Chat Completions."""
    messages = row.get("messages")
    if isinstance(messages, list) and "schemaVersion" not in row:
        if "system" not in row:
            return None
        turns = [{"role": "system", "content": row["system"]}, *messages]
        return _Foreign("a system prompt beside the messages", turns, None)
    for field, answers, name in _FOREIGN:
        if field in row:
            reference = next((row[a] for a in answers.split() if given(row.get(a))), None)
            if field == "item":
                return _item(row)
            if field == "reward_model":
                model = row[field] if isinstance(row[field], dict) else {}
                return _Foreign(name, _turns(row, "prompt"), given(model.get("ground_truth")))
            return _Foreign(name, _turns(row, field), reference)
    return None


def _item(row: Mapping[str, Any]) -> _Foreign:
    """A row of an evaluation: what it asks stands in `item`, what came back beside it."""
    item = row["item"] if isinstance(row["item"], dict) else {}
    is_export = not {"sample", "grades", "results"}.isdisjoint(row)
    name = "an export of an evaluation" if is_export else "OpenAI's item"
    inner = understood({k: v for k, v in item.items() if k != "item"})
    turns = [{"role": role, "content": text} for role, text in inner.turns]
    return _Foreign(name, turns, inner.reference)


def _turns(row: Mapping[str, Any], field: str) -> list[dict[str, Any]]:
    value = row.get(field)
    if field == "schemaVersion":
        system = text_of(row.get("system"))
        messages = row.get("messages")
        turns = messages if isinstance(messages, list) else []
        return [{"role": "system", "content": system}, *turns] if system else turns
    if isinstance(value, str):
        more = text_of(row.get("input")) if field == "instruction" else ""
        return [{"role": "user", "content": f"{value}\n{more}" if more else value}]
    if not isinstance(value, list):
        return []
    return [_turn(turn) for turn in value if isinstance(turn, dict)]


def _turn(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A turn of ShareGPT ("from", "value") or of Gemini ("parts"), as Chat Completions has it."""
    role = str(turn.get("role", turn.get("from", "user")))
    role = {"human": "user", "gpt": "assistant", "model": "assistant"}.get(role, role)
    content = turn.get("content", turn.get("value", turn.get("parts")))
    return {"role": role, "content": content}
