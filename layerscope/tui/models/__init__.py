"""What screens show, as plain data: nothing here knows the toolkit."""
