"""The command line `twins`: runs the experiment in both implementations and compares them."""
