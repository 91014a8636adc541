"""Rollouts of any number: read, scored, resumed, tallied.

files      what is read and written?
rows       what does a line say?
firstrows  what do the first rows tell before anything is scored?
grouping   which rollouts belong together, wherever they stand?
batches    which rows are scored together?
workers    which process scores what, and in which order does it come back?
scoring    how do rows become lines of output?
explain    what was found in a completion, and why did it earn that?
tally      which figures describe a run of any length?
progress   how far is it?
summary    what is said of a finished run?
finished   is a file of results what the run would give?
run        how do all these make one run?
"""
