"""What happens by the clock: schedules, sweeping and retention."""
