"""Billing: subscriptions, invoices, quotes, credit notes, meters, the portal and test clocks."""
