"""What a file is that holds no JSON lines, and the command that makes JSON lines of it."""

import json
import re
import shlex

#: How files of other kinds begin. Each comes with what it is, and how it becomes JSON lines.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PAR1", "a Parquet file", "read_parquet"),
    (b"ARROW1", "an Arrow file", "read_feather"),
    (b"PK\x03\x04", "a zip archive, or a spreadsheet", ""),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd", "zstd -dc {file} | rewards score - ..."),
    (b"BZh", "compressed by bzip2", "bzip2 -dc {file} | rewards score - ..."),
    (b"\xfd7zXZ\x00", "compressed by xz", "xz -dc {file} | rewards score - ..."),
)

_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = {",": "CSV", "\t": "tab-separated values", ";": "CSV with semicolons"}


def recognised(beginning: bytes, name: str) -> str:
    r"""What the first bytes of a file say that it is, and the remedy; "" where they say nothing.

    Asked only about a file whose first rows are no rows: it may guess.

    >>> recognised(b"id,completion\n1,72\n", "rows.csv").partition(": ")[0]
    'it looks like CSV'
    """
    file = "FILE" if name == "stdin" else name
    for magic, what, remedy in _MAGIC:
        if beginning.startswith(magic):
            return _said(what, _by_pandas(remedy, file) if remedy.isidentifier() else remedy, file)
    # Without a mark: every other byte of plain letters is zero.
    halves = (beginning[0:8:2], beginning[1:8:2])
    if beginning.startswith(_UTF16_BOMS) or b"\x00" * 4 in halves:
        return _said("UTF-16", "iconv -f UTF-16 -t UTF-8 {file} > rows.jsonl", file)
    if b"\x00" in beginning:
        return "it is binary, no text"
    try:
        text = beginning.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.end < len(beginning) - 3:  # not merely a character cut at the end of what is read
            return _legacy(beginning, file)
        text = beginning[: error.start].decode("utf-8-sig")
    return _text(text.lstrip(), file)


def _text(text: str, file: str) -> str:
    if text.startswith("["):
        what = "a JSON array, not one row a line"
        array = _said(what, "jq -c '.[]' {file} > rows.jsonl", file)
        return f"{array}; rewards replay takes whole events"
    if text.startswith("{") and "\n" in text.rstrip() and not _is_json(text.splitlines()[0]):
        return _said("JSON over several lines", "jq -c . {file} > rows.jsonl", file)
    lines = text.splitlines()[:5]
    for separator, what in _SEPARATORS.items():
        counts = {line.count(separator) for line in lines if line}
        if re.match(r"[\w\"]", text) and min(counts, default=0) and len(lines) > 1:
            remedy = _by_pandas(
                "read_csv", file, "" if separator == "," else f", sep={separator!r}"
            )
            return _said(what, remedy, file)
    return ""


def _legacy(beginning: bytes, file: str) -> str:
    """Text of the time before Unicode: every byte is a character of Windows-1252, or nearly."""
    controls = sum(byte < 32 and byte not in b"\t\r\n" for byte in beginning)
    if controls > len(beginning) // 100:
        return "it is binary, no text"
    return _said("Windows-1252", "iconv -f WINDOWS-1252 -t UTF-8 {file} > rows.jsonl", file)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _by_pandas(reader: str, file: str, options: str = "") -> str:
    code = (
        f"import pandas; pandas.{reader}({file!r}{options})"
        '.to_json("rows.jsonl", orient="records", lines=True)'
    )
    return f"python -c {shlex.quote(code)}"


def _said(what: str, remedy: str, file: str) -> str:
    make = f": {remedy.replace('{file}', shlex.quote(file))}" if remedy else ""
    return f"it looks like {what}{make}"
