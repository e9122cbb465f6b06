"""What concerns songs whoever makes them: changes by their users, and waking those who follow them."""
