"""An invented lab with a known truth, to look at and to test against."""
