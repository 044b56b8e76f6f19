"""`twins data`: finds or fetches the images, checks them and says what they are."""
