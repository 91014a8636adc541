"""Sentences: what does one state, and which of several statements stands?

languages  how do other languages than English say what an answer is?
phrases    which words hedge, deny, correct, conclude?
clause     what does one clause state?
single     is it one number, and nothing else?
listing    is it one of several that are listed?
prose      what does the last sentence conclude?
foreign    what does a sentence in another language say the answer is?
marked     where is an answer marked, and what does the mark say?
standing   which of several statements stands, and what takes it back?
"""
