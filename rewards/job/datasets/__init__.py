"""A job's datasets: where they lie, and what is wrong with them before any money is spent.

store       how is a dataset in S3 read?
whole       how is one read whole, line by line?
check       what is wrong with its lines?
rows        what does a row say, in whose format?
references  what are its references, all together?
golds       do its own references earn what they should?
likeness    which prompts are nearly the same?
lengths     how many tokens has a prompt?
asking      do prompts ask for what the rubric reads?
personal    does a text hold personal data?
skew        is the set lopsided?
findings    what is said of what was found?
"""
