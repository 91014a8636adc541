"""Text in, values out.

From the ground up, one question a file or a wing:

text        where does thinking end, what does a fence hold?
plain       what do LaTeX, HTML and Unicode say in plain characters?
content     what of a completion is the content of its answer?
words       what is a word, and when are two texts the same?
quantities  which numbers do digits, words and formulas write?
sentences   what does a sentence state, and which of several statements stands?
answer      what is a completion's answer, or a reference's?
choices     which of a closed set of choices does a text settle on?
maths       which mathematics does it state?
structured  which data, calls and queries does it hold?
"""
