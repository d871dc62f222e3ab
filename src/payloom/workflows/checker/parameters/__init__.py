"""What Stripe refuses in the parameters of a call, whatever the workflow does."""
