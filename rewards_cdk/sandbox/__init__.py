"""Where programs of rollouts run, if the rubric names engine "lambda".

function  what is the Lambda, and what may it do?
"""
