"""The reward function: its Lambda, what it may call, how it is watched.

function      what is the Lambda, for its rubric?
judge_access  which models do its judges call, and what allows that?
metrics       what are its figures called in CloudWatch?
alarms        when does somebody have to look, and what to do then?
dashboard     does the model learn, cheat, or have nothing left to learn?
queries       what can its log be asked?
captured      where are events kept as they came?
monitoring    how do alarms, dashboard and queries make one?
"""
