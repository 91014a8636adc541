"""Judges held against people.

agreement    how far do two lists of levels agree?
calibration  what do people and the judge say of the same rollouts?
offline      who answers while a command runs, a cassette or the model?
plot         what does the confusion look like?
"""
