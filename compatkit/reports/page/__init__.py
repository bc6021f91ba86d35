"""Page: a report as one HTML file that loads nothing, and says all without its script."""
