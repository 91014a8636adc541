"""The `rewards` command: replay, score, serve, list, show, new. Never part of the Lambda bundle."""
