"""The verdict on a study: which map to believe, how far, and what is known of every two runs."""
