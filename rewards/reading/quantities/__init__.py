"""Numbers: which ones do digits, words and formulas write?

numbers       which number do these digits write?
units         and what is it a number of?
number_words  and these words?
arithmetic    which equation does a clause state?
sums          and the common ones, at one look?
equations     which equations does a text work out?
"""
