"""Networks: their cards and their embedded weights."""
