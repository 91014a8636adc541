"""Who answers a request, each a `JudgeClient`; and the table that keeps what was answered.

bedrock    how is a model on Amazon Bedrock called?
converse   what does a request of Converse say, what does an answer or an error mean?
fake       what says a judge in a test?
cassette   what did a judge say when it was recorded?
dynamo     what have the other containers of a job been told?
"""
