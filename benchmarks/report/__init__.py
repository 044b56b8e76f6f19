"""`twins report`: what was measured, on one HTML page that needs neither network nor program."""
