"""What clients send: how it is read, limited, and refused."""
