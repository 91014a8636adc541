"""What an author needs, and the ground that everything stands on.

`rewards` exports the author's part.

sample       what is scored?
score        what is said of it?
errors       what can go wrong, and whose fault is it?
scorer       what is a scorer, and is its signature sound?
parameters   what may a scorer's parameters be, and what do they mean?
tables       is a record read from TOML as it should be?
deadline     how is work ended in time that does not end by itself?
concurrency  how do many calls wait together, under one bound and one deadline?
"""
