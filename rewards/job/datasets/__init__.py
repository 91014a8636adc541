"""A job's datasets: where they lie, and what is wrong with them before any money is spent.

store     how is a dataset in S3 read?
whole     how is one read whole, line by line?
check     what is wrong with its lines?
golds     do its own references earn what they should?
findings  what is said of what was found?
"""
