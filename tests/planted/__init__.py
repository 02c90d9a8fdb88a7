"""Small defects, planted to see whether a test notices them."""
