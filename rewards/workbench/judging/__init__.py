"""A judge held against people's labels."""
