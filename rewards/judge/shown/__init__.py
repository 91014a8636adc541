"""What a judge reads of a sample, and how that is kept from speaking as anybody else.

prompt      what does a request say: fixed part, fenced data, instructions after the data?
fence       what of a hostile text is changed before it is shown, and what stands around it?
markers     what could end our fence, or a turn of a chat template?
spelling    what does a lenient reader take a text for?
hidden      what would a reader not see, and where does a script need it?
addressing  does a completion speak to its judge?
"""
