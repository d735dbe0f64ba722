"""Networks of Hugging Face: model and loss of transformers, text or tokens of the user's."""
