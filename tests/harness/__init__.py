"""What tests share: a newsroom, nouns, servers, the command line. No test stands here."""
