"""Small pieces with no word of Stripe: clock, durations, errors, money, suggestions."""
