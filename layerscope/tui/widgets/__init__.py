"""Widgets that draw rows by the line, however many there are."""
