"""Labels of examples, tokens and pixels."""

# The label of what counts in no loss and no measure, such as padding; torch and transformers use the same one.
IGNORED = -100
