"""The files of a run: what is read, what is written, what nobody sees.

source     how is a file read as numbered lines, once or again?
filetype   what is a file that holds no JSON lines?
target     what does --out name, and may it be written?
resume     how does a long run end with one whole file, or go on where it stopped?
temporary  where do files go that nobody sees?
"""
