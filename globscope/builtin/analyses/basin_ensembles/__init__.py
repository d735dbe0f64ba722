"""Whether an ensemble of one network a basin beats one of as many networks from one basin."""
