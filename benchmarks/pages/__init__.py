"""What every HTML page of this project shares: its frame, its style, its images."""
