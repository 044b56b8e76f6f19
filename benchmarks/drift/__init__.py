"""`twins drift`: where the differences between two float32 trainings come from."""
