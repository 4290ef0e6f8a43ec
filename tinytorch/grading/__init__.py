"""The instructor's side: a class's stubs are released, submissions graded, marks exported. Nothing in the library imports it.

submissions reads what was handed in, world and lock shut a student's code in, grader judges it, batch does so for a class,
marks, gradebook and pages tell of it; release makes what the class gets.
"""
