"""The command line: a file a topic; commands parse, call and print."""
