"""What no model may cut: numbers, addresses, names, emoji."""
