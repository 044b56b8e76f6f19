"""`twins speed`: each way to train, checked, timed honestly, held against the limit."""
