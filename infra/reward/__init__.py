"""The reward function: its Lambda, what it may call, how it is watched."""
