"""One action on many runs, events, or emails, whose progress survives a reload and a restart."""
