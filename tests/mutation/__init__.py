"""Tests of the tests: faults planted in every file of the library, each of which some test must catch."""
