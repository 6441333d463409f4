"""What is fast, and compared with what. Nothing here is a test: figures are shown beside their targets."""
