"""What of the walls between networks is left as maps get more axes."""
