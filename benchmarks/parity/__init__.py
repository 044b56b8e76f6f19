"""`twins parity`: proves, rung by rung, that implementations are the same program."""
