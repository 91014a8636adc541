"""The wire: an event in, a response out, and what is told of it.

contract   what do the service's events and responses look like?
outline    what does a row of an event carry, and where?
capture    how is an event kept as it came, without costing an answer?
answering  what is the one path from an event to rewards and response?
telemetry  which figures describe a batch, and what are the metrics called?
"""
