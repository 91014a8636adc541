"""Running a program that a model wrote, in a world of its own that gives back plain data.

One question a file:

protocol   what is run, within which limits, and what comes back: the seam between the engines
lint       what do linters find in it, without running it?
plain      which values pass between worlds, and how are they written?
"""
