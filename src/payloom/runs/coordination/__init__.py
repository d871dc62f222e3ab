"""How runs wait for one another: lanes, waits, parking, shared calls, dedupe keys."""
