"""The durable engine behind one small port."""
