"""What no two engines say alike: statements and ways of reading. The rooms beside this folder choose by the server."""
