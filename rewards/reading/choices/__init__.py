"""A closed set of choices (letters, class labels): which one does a text settle on?

From the ground up, one question a file:

words       what do the words before a choice make of it?
marks       what else stands around choices: boxes, joints, what follows?
names       where is a choice named, and which are offered together?
statements  which of several statements stands?
reader      which choice does a text settle on?
"""
