"""Pure questions to indexes: waste, blame, compare, sharing."""
