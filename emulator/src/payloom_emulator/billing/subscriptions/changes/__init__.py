"""Changes of a subscription: updates, pending updates, proration, and schedules."""
