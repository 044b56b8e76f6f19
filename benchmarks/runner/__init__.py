"""What every study runs on: processes, cores, output folders, records, progress."""
