"""`twins seeds`: every implementation trained on many seeds, and their distributions compared."""
