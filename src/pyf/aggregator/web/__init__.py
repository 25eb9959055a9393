"""Web server for the index: HTML pages, API, badges and feeds."""
