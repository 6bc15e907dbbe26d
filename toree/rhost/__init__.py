"""The R host: a process of its own, R inside Python (rpy2), next to the Spark session.

    __main__    starts the process: signals, pipes, then the loop
    frames      how it talks with the front (also imported by `interpreters/r/child.py`)
    loop        answers the front's requests, one at a time, on the main thread
    engine      the door to rpy2: R's start, calls into R, calls out of R
    console     R's output and input, and that of programs R starts
    interrupts  stops the running cell, on a message with its id
    pages       plots, shown at the place where they were made
    vectors     Arrow to R vectors and back, by buffers
    values      shared names: single values to JSON and back
    session     the door to PySpark: attach, queries, tables
    r/*.R       what is better said in R: running a cell, DBI, dbplyr, completion, names

R and its objects belong to the main thread. An rpy2 object that is dropped on another thread
while R collects its garbage hangs R for good, so the other threads hold none.
"""
