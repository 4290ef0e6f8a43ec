"""What the book needs of Sphinx besides what there is: the course's facts in the text, mathematics, figures that move."""
