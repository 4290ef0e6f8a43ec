"""Files from strangers: what every reader does with damaged, truncated and hostile ones.

`tests/test_fuzz.py` tries some of each; `python -m tests.fuzz` tries as many as it is told to, led by what they reach.
"""
