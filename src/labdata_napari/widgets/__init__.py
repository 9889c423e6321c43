"""Thin Qt docks over the packages below."""
