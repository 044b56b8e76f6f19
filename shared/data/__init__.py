"""The images: Fashion-MNIST found or fetched, or made by rule where it cannot be had."""
