"""Programs run elsewhere: by a Lambda function that may do nothing and has nothing.

One question a file:

messages  how do programs and outcomes travel, within what a Lambda takes and gives?
client    the engine "lambda": how is a batch handed over, and what if that fails?
function  what does the function itself do?
"""
