"""Running a program that a model wrote, in a world of its own that gives back plain data.

One question a file:

protocol        what is run, within which limits, and what comes back? (the engines' seam)
plain           which values pass between worlds, and how are they written?
guest           what runs inside a world, and what does it tell?
records         how does a program become a job, and what a guest tells an outcome?
tasks           what does a row of data ask, in which of four forms?
asserts         how do test texts become a program of their own?
judging         which programs are run to judge one, and what does it come to?
batches         how do the programs of a batch share the time that there is?
engines         which engines are there, by name?
workers         which child answers which job, and what if it dies or the time is up?
wasm            how are programs run in WebAssembly?
wasm_worker     what does such a worker do?
process         how are programs run by CPython itself?
process_worker  how does a worker fork, follow and end a program's process?
confinement     what may a process still do that is shut in?
"""
