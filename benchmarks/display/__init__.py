"""How results are shown: figures, tables, colours, the same for every reader."""
