"""The Lambda on this machine: its handler, its runtime, its Invoke API."""
