"""What letters say: one function a letter, from frozen facts to words in the reader's language."""
