"""Mathematics as it is written: read into terms, compared by value.

From the ground up, one question a file:

terms     what is a term?
spelling  what stands for nothing, and which spellings are one?
tokens    which marks, words and numbers is it made of?
parser    which term does a text write?
values    which value has a term at a point?
equality  when do two terms say the same?
answer    where does a completion state its answer?
"""
