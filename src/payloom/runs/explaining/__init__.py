"""Why runs and events went the way they went: for people, by replaying what is recorded. Nothing here writes."""
