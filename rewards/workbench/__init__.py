"""The `rewards` command; never part of the Lambda's zip.

cli        how does a command start and end, and what becomes of its errors?
commands   what does each command do? (one thin file each)
help       what does `--help` print?
options    which options do several commands share?
output     how does anything get printed or written?
catalogue  what scorers and rubrics are there, and what do they say?
extras     what is missing where an extra is not installed?
rollouts   what is a file of rollouts worth?
local      what does the Lambda answer on this machine?
events     what is in recorded events, and how are more made?
judging    do judges agree with people?
auditing   does a reward pay a data set's right answers, and only those?
report     how does what was found become a page to look at?
datasets   what is wrong with training rows, and what is in them?
trials     would it learn, before money is spent on it?
sources    where do the curves of a running job come from?
following  how does one go on reading what grows?
forecast   what will a job take, before it is started?
outcome    what has a run left behind?
watching   which runs does a deployment have, and how far are they?
__main__   what does `rewards` start?
"""
