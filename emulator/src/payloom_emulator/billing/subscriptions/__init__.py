"""The life of subscriptions: create, update, renew, resume, cancel, and their schedules."""
