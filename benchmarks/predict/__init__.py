"""`twins predict`: which garment is on this picture?"""
