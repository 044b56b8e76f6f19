"""What the ladder of any network makes of mistakes: the record and its tables."""
