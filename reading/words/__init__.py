"""The words that headings and directions are read by."""
