"""The command line: one file per command.

Data goes to stdout, everything else to stderr; `--json` gives data for programs. Exit codes: 0 done; 1 the answer is no
(a check found errors, a run failed); 2 wrong use or refused settings; 3 nothing found under that name; 4 something
outside is not available (a port, the database, the server); 130 interrupted.

Commands import what they need when they run, so that `payloom --help` is quick.
"""
