"""What a GPU does with streams: speed, latency, density, agreement with the CPU, and soaks."""
