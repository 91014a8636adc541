"""The Python program that a completion answers with."""

import ast
import warnings

from rewards.reading.content import tagged_span
from rewards.reading.text import code_spans

#: A fence with one of these names holds Python; one without a name does where no other is named.
_LANGUAGES = frozenset({"python", "python3", "py", "py3"})

#: The longest program that is read: parsing costs some 10 us a statement, and memory.
MAX_PROGRAM_CHARS = 65_536


def find_program(completion: str) -> str:
    r"""The last fenced block of Python in the answer; without a fence, the answer as it stands.

    Looked for behind the thinking, and inside `<answer>` where that is used. Where no fence names
    Python, the last one without a name is taken. Indentation is kept, since a completion may go on
    with the body of a function that the prompt began.

    >>> find_program("First:\n```python\nx = 1\n```\nBetter:\n```py\nx = 2\n```\nPrints `2`.")
    'x = 2\n'
    >>> find_program("    return a + b\n")
    '    return a + b\n'
    """
    start, end = tagged_span(completion)
    text = completion[start:end]
    unnamed = None
    for language, first, last in reversed(code_spans(text)):
        if language.lower() in _LANGUAGES:
            return text[first:last]
        if not language and unnamed is None:
            unnamed = text[first:last]
    return text if unnamed is None else unnamed


def parsed(program: str) -> ast.Module | str:
    """The program as a tree; where it is none, the reason in a few words.

    >>> parsed("x = ")
    'line 1: invalid syntax'
    """
    if len(program) > MAX_PROGRAM_CHARS:
        return f"a program of {len(program):,} characters, more than {MAX_PROGRAM_CHARS:,}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a model's own "\d": not for our log
            return ast.parse(program)
    except SyntaxError as error:
        return f"line {error.lineno or 1}: {error.msg}"
    except ValueError:  # a null byte on 3.11, a lone surrogate
        return "characters that no program has"
    except (RecursionError, MemoryError):
        return "nested too deeply"
