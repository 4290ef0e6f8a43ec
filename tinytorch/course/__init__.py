"""The learner's side: stubs and swaps, workspaces, checks and what they say. Nothing in the library imports it.

exercises and checks say what is asked, source makes stubs and puts functions into files, worker runs the learner's code in
a process of its own, judge holds the expected answers and compares, report says what came of it.
"""
