"""What each kind of object is, and what happens to one that other rules know: without a handler."""
