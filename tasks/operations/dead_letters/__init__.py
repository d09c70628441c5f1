"""Dead letters: the operators are told of them."""
