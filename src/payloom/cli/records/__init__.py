"""Commands that show and change what is stored: runs, events and mails."""
