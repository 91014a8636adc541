"""Structured text: which data, calls and queries does a completion hold?

documents    where is the JSON in a completion?
leaves       how much of one JSON value stands in another?
schemas      which constraints of a JSON schema does a value satisfy?
calls        which calls of tools does it make?
call_values  which values do their arguments have?
queries      which query does it settle on?
programs     which program?
"""
