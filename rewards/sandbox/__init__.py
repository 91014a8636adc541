"""Running what a model wrote, where it can reach nothing.

One question a file:

sql_text   what does a query look like from outside: its kind, its order, its literals?
database   what does a query return, within which bounds?
seedings   which other rows could the database hold?
state      what do tool calls leave, where tools are data?
"""
