"""Which ids have to do with which events, runs, mails and rows: an index beside them, for search and journeys."""
