"""Other services' APIs on top of ours."""
