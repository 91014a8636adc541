"""A reward tried on a data set's own rows before money is spent: right answers and wrong ones.

cases        which rows does a file hold, and what is right on each?
golds        what is right, and of which kind is it?
forms        in which forms may an answer stand?
corruptions  how is a right answer made wrong?
paying       what does the rubric pay for an answer?
reading      which forms does the rubric read?
attacks      which wrong answers would a policy try?
audit        what do they earn?
recipes      of which parts is a wrong answer made?
search       which wrong answer is paid most, beyond the listed attacks?
selfcheck    are right answers paid in full, and wrong ones not?
"""
