"""What is read off a curve of double descent."""

from tinytorch.experiments.double_descent import above, peak_of

ERRORS = {1: 9.0, 2: 5.0, 3: 8.0, 4: 7.5, 5: 4.0}


def test_a_peak_is_what_rises_most_above_all_before():
    assert peak_of(ERRORS) == (3, 3.0, 4.0)
    assert peak_of({1: 9.0, 2: 5.0})[1] == 0


def test_the_error_is_looked_at_where_that_of_training_reaches_zero():
    learned, never = {1: 50, 2: 20, 3: 1, 4: 0, 5: 0}, dict.fromkeys(ERRORS, 1)
    assert above([ERRORS], [learned]) == ([2.5], [3.5])
    assert above([ERRORS, ERRORS], [learned, never]) == ([], [])
