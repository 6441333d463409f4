"""Ingest: takes partners' signals over HTTP and keeps every one that it acknowledged."""
