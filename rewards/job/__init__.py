"""The RFT job as data: read from `rft.toml`, rendered for either API, started and watched.

No CDK here: `app.py` and the `rewards job` commands share one loader, and the Lambdas of the
job's state machine and the command line share one client for each API.

config      is `rft.toml` right as a whole?
settings    what may be set, and in which ranges?
stages      what does a stage of `rft.toml` say otherwise?
targets     which APIs run jobs, and which hyperparameters does each take?
definition  what does a deployment keep of a job?
prepared    what does one start make of the definition, and how is its job known?
preflight   does the dataset earn what it should, before a job costs anything?
datasets    where do its datasets lie, and what is wrong with them?
jobs        what is a job, whichever service runs it?
bedrock     how does the Bedrock API run one (Nova)?
mantle      how does the OpenAI-compatible API run one (open-weight models)?
clients     which of the two runs a definition's jobs?
aws         which of boto3's errors may pass, and which stay?
health      does a running job learn, and is that news?
steps       what does each step of a run do?
runs        which runs has a deployment, and what became of them?
errors      what can go wrong with a job?
"""
