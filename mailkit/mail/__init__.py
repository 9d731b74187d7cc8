"""A mail on its way: composed, handed over, followed until it arrived or came back."""
