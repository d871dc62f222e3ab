"""Payment methods and what stands for one: tokens, confirmation tokens, legacy cards, mandates."""
