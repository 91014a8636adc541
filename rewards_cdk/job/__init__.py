"""The training job: its data, its roles, the state machine that runs it.

rft_job      what is a job that can be started, watched and repeated?
data         where does its data live?
roles        what may Bedrock and the steps of a run do?
run_machine  what does a run do, from check to end?
monitoring   who is told of a run that failed, where the first message may be lost?
runtime      what runs inside the Lambdas of a run?
"""
