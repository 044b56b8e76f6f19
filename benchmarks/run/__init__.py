"""`twins run`: the documented experiment in each implementation, beside the documented figures."""
