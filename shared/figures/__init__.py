"""The figures of a run, drawn with matplotlib's objects and written as PNG files."""
