"""The command line: words, output, exit codes. Alone reads argv and the environment."""
