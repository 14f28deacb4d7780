"""What a person can ask for, one function each; the only thing that the two faces call."""
