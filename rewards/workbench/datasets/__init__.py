"""A file of training rows, before a job: read, checked with a rubric, looked at, divided.

reading    what are the rows of files, pipes, tables and folders?
checking   what is wrong with them, alone and beside a validation set?
contents   what is in them?
dividing   which rows train, and which validate?
"""
