"""What the moving figures show, recorded from the library while the book is built."""
