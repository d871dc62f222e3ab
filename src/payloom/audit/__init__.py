"""The audit trail: who did what, on what, from where and when. It is only ever added to."""
