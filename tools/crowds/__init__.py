"""Made-up crowds with known truth, and how well a tracker follows them."""
