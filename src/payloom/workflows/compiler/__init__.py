"""From the text of a file to a program, or diagnostics with positions."""
