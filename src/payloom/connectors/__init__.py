"""Everything a workflow can call, one folder per outside system, all of the same shape."""
