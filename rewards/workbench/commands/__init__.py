"""One thin file a command: options in, a service, a print.

A file is the command of its name, without a line anywhere else: `score.py` has the function
`score`, `job.py` the group `job`; `list.py` has `list_`, as Python has a `list` already.
"""
