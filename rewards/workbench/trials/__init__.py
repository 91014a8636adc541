"""Trials of a reward before money is spent on it.

signal      how much gradient do groups of answers give, and how sure is that?
answers     which rewards do the answers of a file earn, prompt by prompt?
rehearsal   will this job learn: go, filter first, or not at all?
comparison  where do two rubrics, or a rubric and labels, part?
advice      which hyperparameters should a job start with, and who says otherwise?
basis       what is known of a job before it starts?
settings    how do hyperparameters get into rft.toml?
evaluation  did training help, and how sure is that?
"""
