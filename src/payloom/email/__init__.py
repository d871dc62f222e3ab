"""Templates, the outbox and SMTP delivery."""
