"""Wrong answers that a reward should not pay, the cheapest first: what a policy finds by itself.

attack      what is an attack, and what may it know of the data set?
material    what is known of the rows and of the rubric together?
nothing     which answers say nothing?
constants   which answers are the same, or somebody else's?
numbers     which numbers are near, or of the wrong size?
statements  how is the right answer mentioned, and not given?
stuffing    what looks like work?
structured  which objects and calls look right?
programs    which queries and programs pass without doing it?
judges      what talks a judge into paying?
listed      which attacks are there, in which order?
"""
