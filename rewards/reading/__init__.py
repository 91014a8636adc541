"""Text in, values out.

From the ground up, one question a file:

text          where does thinking end, what does a fence hold?
plain         what do LaTeX, HTML and Unicode say in plain characters?
numbers       which number do these digits write?
units         and what is it a number of?
number_words  and these words?
equations     which equations does a text work out?
content       what of a completion is the content of its answer?
documents     where is the JSON in a completion?
leaves        how much of one JSON value stands in another?
schemas       which constraints of a JSON schema does a value satisfy?
words         what is a word, and when are two texts the same?
languages     how do other languages than English say what an answer is?
phrases       which words hedge, deny, correct, conclude?
clause        what does one clause state?
single        is it one number, and nothing else?
listing       is it one of several that are listed?
prose         what does the last sentence conclude?
foreign       what does a sentence in another language say the answer is?
marked        where is an answer marked, and what does the mark say?
standing      which of several statements stands, and what takes it back?
answer        what is a completion's answer, or a reference's?
choices       which of a closed set of choices does a text settle on?
maths         which mathematics does it state?
"""
