"""`twins defaults`: what each default that a port leaves in place costs in parity and accuracy."""
