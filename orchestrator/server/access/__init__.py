"""How browsers come in: one-time codes, sessions in cookies, and share links of one song."""
