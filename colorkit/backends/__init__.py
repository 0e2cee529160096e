"""What turns lightness into colour: the contract, and the backends that colorkit brings."""
