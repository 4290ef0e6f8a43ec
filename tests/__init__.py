"""The tests, laid out as the library is."""
