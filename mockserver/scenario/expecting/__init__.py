"""What is expected, held against a log: in order or not, how often, by when; and why it did not come."""
