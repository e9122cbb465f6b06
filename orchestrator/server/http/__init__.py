"""What stands between a socket and the app: limits on all that a client can prolong or pile up."""
