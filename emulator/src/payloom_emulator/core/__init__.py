"""What every resource rests on: declarations of objects, the unit of work, events, the store, identifiers and time."""
