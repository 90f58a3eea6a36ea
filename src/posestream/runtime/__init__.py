"""Threads, queues and the numbers about them."""
