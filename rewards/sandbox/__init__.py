"""Running what a model wrote, where it can reach nothing.

One question a file:

sql_text       what does a query look like from outside: its kind, its order, its literals?
database       what does a query return, within which bounds?
sql_functions  what does SQL call that could cost without bound?
sql_reference  how far does a query return what the reference returns?
sql_results    when are two results the same?
seedings       which other rows could the database hold?
state          what do tool calls leave, where tools are data?
code           what does a program give back that a model wrote?
lint           what do linters find in a program, without running it?
conduct        how did a program conduct itself while it ran?
remote         how are programs run by a function of their own?
"""
