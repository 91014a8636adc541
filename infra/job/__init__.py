"""The training job: its data, its roles, the state machine that runs it."""
