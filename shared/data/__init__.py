"""The images: Fashion-MNIST found or fetched, or drawn where it cannot be had."""
