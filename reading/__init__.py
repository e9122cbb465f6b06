"""What people type, read once for the whole product: every door and every engine gets the text from here."""
