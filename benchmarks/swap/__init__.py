"""`twins swap`: weights trained in one implementation, evaluated in every other."""
