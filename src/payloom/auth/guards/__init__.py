"""What keeps sign-ins working under attack: a bounded queue before hashing, and devices that are known."""
