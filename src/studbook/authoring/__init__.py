"""What writes into a user's repository. It never prints, and says what it did instead."""
