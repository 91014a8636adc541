"""The Lambda on this machine.

handler      what does the deployed handler answer to this event?
recorded     is it what the event's expected file says?
runtime      how does AWS's runtime client run it, start to timeout?
runtime_api  what does that client ask for, and report?
invoke_api   what does an AWS SDK ask for?
loopback     how do both speak HTTP, to programs on this machine only?
"""
