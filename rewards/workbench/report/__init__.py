"""One HTML file that shows what a command found: it asks for nothing and runs nothing of the data.

text       how does text from data become inert?
drawing    how is a figure drawn?
model      what is a page made of?
charts     what is each figure of a page?
lines      how are the curves of a run drawn?
results    what did each rollout earn, and of which row is it?
table      which texts of rollouts fit on a page?
scored     what does a page of scored rollouts say?
trials     what do the pages of rehearse and compare say?
checks     what do the pages of the checks of data and rubric say?
doctor     what does the page of a running job say?
card       what goes with a trained model?
documents  which command's result is a file?
template   what does every page look like?
page       how does a page become one file?
"""
