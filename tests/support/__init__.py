"""What the tests share: real repositories, and the examples of the rule pages."""
