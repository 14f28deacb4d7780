"""Commands: one declaration each, for keys, footer, palette and help."""
