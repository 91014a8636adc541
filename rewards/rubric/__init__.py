"""Data in, rewards out.

One question a file:

spec       what may a rubric say?
reference  which part of a sample's reference counts?
component  is this scorer's verdict one, and what does a fault cost?
reach      how far can the total go, and does the range hold that?
batch      what runs when, over one batch?
printing   where does go what a scorer prints?
bugs       who is told of an author's own bug?
totals     which number do a sample's verdicts make?
rubric     what is a rubric, ready to score?
digest     what exactly gave a reward?
"""

from rewards.rubric.rubric import Component, Rubric, gate, use

__all__ = ["Component", "Rubric", "gate", "use"]
