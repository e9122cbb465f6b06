"""Other services' APIs, asked as their own clients ask."""
