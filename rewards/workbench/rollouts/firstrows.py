"""What the first rows tell before anything is scored: a file of another kind, a name misspelt."""

from collections.abc import Mapping, Sequence

from rewards.core.errors import EventError, RewardsError, did_you_mean
from rewards.workbench.output import printable
from rewards.workbench.rollouts.files.filetype import recognised
from rewards.workbench.rollouts.files.source import Source
from rewards.workbench.rollouts.rows import Keys, Line, read_json, read_row

#: Names of fields that an error shows: a row may have thousands.
MAX_NAMES = 20

#: A row's own words in an error, which may be megabytes of anything.
MAX_ERROR_CHARS = 400


#: Faults of a file that is no JSON lines, as `read_row` names them.
_UNREADABLE = frozenset({"not_json", "not_utf8", "list", "too_long"})


#: Faults of a row that lacks a field which the user may have named.
_NAMED = {"no_completion_key": "completion", "no_group": "group"}


class UnscorableError(RewardsError):
    """The file was read, and none of its rows can be scored as the options say."""


def check_first_rows(source: Source, keys: Keys) -> None:
    """Look at the first rows, and further for a named field that none of them has.

    Raises:
        UnscorableError: there is no row, the first ones all fail alike, or no row of the whole
            file has a field that the user named. One sentence says which, and what to do.
    """
    head = source.head()
    if not head:
        raise UnscorableError(f"{source.name} holds no rows: nothing was scored")
    _check_alike(source, head, keys)
    names = field_names(head)
    for field in sorted(_named_in_vain(source, head, keys)):
        raise UnscorableError(f"no row of {source.name} has {_in_vain(field, keys, names)}")


def field_names(lines: Sequence[Line]) -> list[str]:
    """The fields that rows have, at top level and in the metadata, in order of appearance."""
    names: dict[str, None] = {}
    for line in lines:
        try:
            row = read_json(line)
        except EventError:
            continue
        metadata = row.get("metadata") if isinstance(row, Mapping) else None
        for table in (row, metadata):
            if isinstance(table, Mapping):
                names.update(dict.fromkeys(printable(name) for name in table))
    return list(names)[:MAX_NAMES]


def _check_alike(source: Source, head: Sequence[Line], keys: Keys) -> None:
    """A file whose first rows all fail is another file than was meant."""
    faults = [found for line in head if (found := _fault(line, keys))]
    in_array = source.beginning.lstrip().startswith(b"[") and 2 * len(faults) > len(head)
    if len(faults) < len(head) and not in_array:
        return
    kinds = {kind for kind, _ in faults}
    why = "" if kinds.isdisjoint(_UNREADABLE) else recognised(source.beginning, source.name)
    field = _NAMED.get(faults[0][0], "") if len(kinds) == 1 else ""
    if not why and field in keys.named:
        first = (
            "its only row has not" if len(head) == 1 else f"none of its first {len(head)} rows has"
        )
        why = f"{first} {_in_vain(field, keys, field_names(head))}"
    elif not why and len(kinds) == 1:
        which = f"its first {len(head)} rows fail alike, the first" if head[1:] else "its only row"
        why = f"{which} (line {head[0].number}): {printable(faults[0][1], MAX_ERROR_CHARS)}"
    if why:
        raise UnscorableError(f"{source.name} cannot be scored: {why}; nothing was scored")


def _in_vain(field: str, keys: Keys, names: Sequence[str]) -> str:
    """A named field that is not there, and the near names."""
    key = getattr(keys, field)
    return f"{printable(key)!r} (--{field}-key){did_you_mean(key, names)}"


def _fault(line: Line, keys: Keys) -> tuple[str, str] | None:
    """Why a line cannot be scored: a short name and a sentence; None where it can."""
    try:
        row = read_row(line, keys)
    except EventError as error:
        return error.kind, str(error)
    return row.fault and (row.fault.kind, row.fault.detail)


def _named_in_vain(source: Source, head: Sequence[Line], keys: Keys) -> set[str]:
    """The named fields that no row of the file has; it is read on only if the first have not."""
    missing = _missing(head, keys)
    if missing:
        source.rewind()
        for line in source.lines():
            missing &= _missing([line], keys)
            if not missing:
                break
        source.rewind()
    return missing


def _missing(lines: Sequence[Line], keys: Keys) -> set[str]:
    """The named fields that none of these rows has."""
    missing = set(keys.named)
    for line in lines:
        if not missing:
            break
        try:
            missing &= keys.missing(read_json(line))
        except EventError:
            continue
    return missing
